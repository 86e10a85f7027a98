"""What is downloaded once: the second process waits for the first, and nothing stays behind."""

import threading
from pathlib import Path

import pytest

from local.downloads import sole_download


def test_who_comes_second_waits_and_then_has_what_the_first_has_brought(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "kafka-4.1.2"
    brought: list[str] = []
    begun = threading.Barrier(4)

    def bring(name: str) -> None:
        begun.wait(10)
        with sole_download(place):
            if not place.is_dir():
                brought.append(name)
                place.mkdir()

    workers = [threading.Thread(target=bring, args=(name,)) for name in ("a", "b", "c", "d")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert len(brought) == 1
    assert list(place.parent.iterdir()) == [place]


def test_a_download_that_fails_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no network"), sole_download(tmp_path / "jars"):
        raise OSError("no network")
    with sole_download(tmp_path / "jars"):
        assert [path.name for path in tmp_path.iterdir()] == ["jars.lock"]
    assert list(tmp_path.iterdir()) == []
