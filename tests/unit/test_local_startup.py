"""The order in which the system comes up."""

from pathlib import Path

import pytest
from rich.console import Console

from local.kafka.cluster import KafkaClusterError
from local.startup import bring_up, build_folder
from local.steps import Steps


def test_no_port_is_drawn_before_the_brokers_listen_on_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise KafkaClusterError("nothing listens")

    def draw(count: int) -> list[int]:
        drawn.append(count)
        return [*range(count)]

    drawn: list[int] = []
    monkeypatch.setattr("local.aws.deployment.build", lambda *_: None)
    monkeypatch.setattr("local.kafka.cluster.KafkaCluster.start", refuse)
    monkeypatch.setattr("local.startup.free_ports", draw)
    with pytest.raises(KafkaClusterError, match="nothing listens"):
        bring_up(tmp_path / "run", tmp_path / "cache", Steps(Console(quiet=True)))
    assert drawn == []


def test_two_runs_side_by_side_build_in_folders_of_their_own_which_no_start_empties(tmp_path: Path) -> None:
    folders = {build_folder(tmp_path / name) for name in ("run", "own-system")}
    assert folders == {tmp_path / "run-build", tmp_path / "own-system-build"}
