"""`make test` names the folders of tests in their order, so a new one must be named too; and what runs beside what."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from local.ports import CANDIDATES
from tests.distribution import GROUPS, WORKERS, group_of, ports_of, rank, workers_for

ROOT = Path(__file__).parents[2]
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/**/test_*.py"))


def test_every_folder_with_tests_is_run_and_those_with_brokers_come_last() -> None:
    paths = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["testpaths"]
    assert sorted(paths) == sorted({f"tests/{path.parent.name}" for path in ROOT.glob("tests/**/test_*.py")})
    assert paths[-2:] == ["tests/integration", "tests/e2e"]


@pytest.mark.parametrize("group", GROUPS)
def test_each_beginning_of_a_group_holds_tests_that_no_earlier_one_has(group: str) -> None:
    for beginning in GROUPS[group]:
        assert [file for file in FILES if file.startswith(beginning) and group_of(file) == group], beginning


def test_every_file_that_needs_brokers_or_an_emulator_is_in_a_group_that_starts_early() -> None:
    waiting = [file for file in FILES if file.startswith(("tests/integration/", "tests/e2e/"))]
    assert [file for file in waiting if group_of(file) not in GROUPS] == []


def test_whoever_shares_the_sessions_brokers_is_in_a_group_with_others() -> None:
    # Each worker starts brokers of its own for them: three processes of 300 MB.
    integration = [file for file in FILES if file.startswith("tests/integration/")]
    sharing = [file for file in integration if "kafka: KafkaCluster" in (ROOT / file).read_text(encoding="utf-8")]
    assert {group_of(f"{file}::test") for file in sharing} == {"disturbed brokers", "brokers"}


def test_what_takes_long_starts_first_and_files_without_a_group_come_last() -> None:
    last = rank("tests/unit/test_settings.py::test_x")
    assert [rank(f"{beginnings[0]}x.py::test_x") for beginnings in GROUPS.values()] == list(range(last))
    assert group_of("tests/unit/test_settings.py::test_x[a::b]") == "tests/unit/test_settings.py"


@pytest.mark.parametrize(
    ("arguments", "workers"),
    [
        (["tests/unit", "tests/e2e"], WORKERS),
        (["tests/"], WORKERS),
        (["tests/unit", "tests/template/contract"], 2),
        (["tests/unit/test_settings.py"], 0),
        (["tests/unit/test_settings.py::test_x"], 0),
    ],
)
def test_tests_that_wait_get_more_workers_than_processors_and_a_named_file_gets_none(
    arguments: list[str], workers: int
) -> None:
    assert workers_for(arguments, processors=2) == workers


def test_each_worker_has_ports_that_no_other_draws() -> None:
    parts = [tuple(map(int, ports_of(worker).split("-"))) for worker in range(WORKERS)]
    assert all(last < first for (_, last), (first, _) in pairwise(parts))
    assert (parts[0][0], parts[-1][1]) == (CANDIDATES[0], CANDIDATES[-1])
