"""``mskv letters export``: dead letters with their records decoded, as a file each or as JSON lines."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import click

from mskv import exits
from mskv.access import POLICY, Access, open_access
from mskv.aws.letters import LETTERS, StoredLetter, list_letters, read_letter
from mskv.errors import NotReachedError
from mskv.facts import Unavailable
from mskv.letter_records import Json, as_record
from mskv.output import Result
from mskv.place import Place
from mskv.private_files import make_folder, new_file, refuse_existing, refuse_tracked
from mskv.progress import Progress
from mskv.selection import Selection

# .../<topic>/<partition>/<number>-<digest>.json
_NAME = re.compile(r"(?P<topic>[^/]+)/(?P<partition>[^/]+)/(?P<number>[^/]+)\.json")
_AT_ONCE = 8
_LINES = ".jsonl"
_HELD = "records"


class _Written(NamedTuple):
    files: list[str]
    letters: int
    unknown: list[str]


def exported(place: Place, progress: Progress, selection: Selection, target: Path, *, force: bool) -> Result:
    """Write the selected letters to a folder, or to a file of JSON lines.

    Raises:
        UsageError: git would track the files, they exist already or can't be written, or the stack forwards no such
            topic.
        NotReachedError: a letter can't be read; what was written before stays.
    """
    is_file = target.suffix == _LINES
    folder = target.parent if is_file else target
    if not force:
        refuse_tracked(folder, [target.name if is_file else "letter.json"], _HELD)
    access = open_access(place, progress)
    bucket = access.stack.physical_ids("AWS::S3::Bucket").get("DeadLetterBucket", "")
    letters = _listed(access, bucket, selection)
    if not letters:
        access.check_topic(selection.topic)
        return Result({"files": [], "letters": 0}, "no dead letter fits", exits.OK)
    names = file_names([letter.name for letter in letters])
    if not force:
        files = [target.name] if is_file else list(names.values())
        refuse_tracked(folder, files, _HELD)
        refuse_existing(folder, files)
    try:
        make_folder(folder)
        records = _records(access, bucket, letters, selection.reason)
        written = _write_lines(target, records) if is_file else _write_files(target, names, records)
    except OSError as error:
        raise click.UsageError(f"can't write {error.filename or target}: {error.strerror}") from error
    lines = [f"{target}: {written.letters:,} letters, readable only by you"]
    lines += [f"not decoded: {name}" for name in written.unknown]
    return Result(
        {"files": written.files, "letters": written.letters, "notDecoded": written.unknown},
        "\n".join(lines),
        exits.PROBLEM if written.unknown else exits.OK,
    )


def _listed(access: Access, bucket: str, selection: Selection) -> list[StoredLetter]:
    """The letters that the request selects as far as their names and times say."""
    access.progress.say("listing the dead letters")
    answer = list_letters(access.client, bucket, LETTERS)
    if isinstance(answer, Unavailable):
        raise NotReachedError(f"{answer.call}: {answer.text}", POLICY)
    return [letter for letter in answer if _is_selected(letter, selection)]


def _is_selected(letter: StoredLetter, selection: Selection) -> bool:
    parts = _NAME.search(letter.name)
    if parts is None or (selection.topic and unquote(parts["topic"]) != selection.topic):
        return False
    return selection.since is None or letter.modified >= selection.since


def _records(access: Access, bucket: str, letters: Sequence[StoredLetter], reason: str) -> Iterator[Json]:
    """The letters' records in the order of their names, some of them read at once."""
    count = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for some in batched(letters, 4 * _AT_ONCE, strict=False):
            access.progress.say(f"reading letter {count + 1:,} of {len(letters):,}")
            bodies = pool.map(lambda letter: read_letter(access.client, bucket, letter.name), some)
            for letter, body in zip(some, bodies, strict=True):
                if isinstance(body, Unavailable):
                    raise NotReachedError(f"{count:,} letters were read; then {body.call}: {body.text}", POLICY)
                count += 1
                record = _record(letter.name, body)
                if reason in {"", record.get("reason", "")}:
                    yield record


def _record(name: str, body: bytes) -> Json:
    try:
        letter = json.loads(body)
    except ValueError:
        letter = None
    try:
        return as_record(name, letter or {}, payload=True)
    except ValueError:
        # Kept as it is: it may be the only copy.
        return {"name": name, "letter": letter if letter is not None else body.decode(errors="backslashreplace")}


def _write_lines(file: Path, records: Iterator[Json]) -> _Written:
    count, unknown = 0, []
    with new_file(file) as lines:
        for record in records:
            lines.write(f"{json.dumps(record, ensure_ascii=False)}\n")
            count += 1
            unknown += _unknown(record)
    return _Written([str(file)], count, unknown)


def _write_files(folder: Path, names: Mapping[str, str], records: Iterator[Json]) -> _Written:
    files, unknown = [], []
    for record in records:
        path = folder / names[record["name"]]
        with new_file(path) as file:
            file.write(f"{json.dumps(record, indent=2, ensure_ascii=False)}\n")
        files.append(str(path))
        unknown += _unknown(record)
    return _Written(files, len(files), unknown)


def _unknown(record: Json) -> list[str]:
    return [record["name"]] if "letter" in record else []


def file_names(names: Sequence[str]) -> dict[str, str]:
    """A file's name for each letter: topic, partition and number, and the cluster where that is not enough."""
    short = {name: _flat("/".join(name.split("/")[-3:])) for name in names}
    if len(set(short.values())) == len(short):
        return short
    return {name: _flat(name.removeprefix(LETTERS)) for name in names}


def _flat(name: str) -> str:
    """One path component, which leads out of no folder."""
    return re.sub(r"[^\w.-]", "_", name.replace("/", "-")).lstrip(".")
