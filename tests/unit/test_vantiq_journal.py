"""The stand-in's journal on disk."""

from pathlib import Path

from local.vantiq.journal import Journal


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_the_records_are_for_their_owner_alone_also_in_a_file_of_an_earlier_version(tmp_path: Path) -> None:
    new, old = tmp_path / "new.jsonl", tmp_path / "old.jsonl"
    old.touch(mode=0o644)
    for path in (new, old):
        journal = Journal(path)
        journal.add("ns", "topics", "/orders", [b"{}"])
        journal.close()
        assert mode(path) == "0o600"
