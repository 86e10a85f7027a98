"""The console's parts behind its server: sources read at intervals, actions, mails."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from local.console.actions import Action, Actions, BusyError, UnknownActionError
from local.console.letters import MAX_NAMES, Letters, NamesRequest
from local.console.mails import MAX_MAILS, latest_mails
from local.console.watch import Source, Watch

PATIENCE_SECONDS = 10.0


async def reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


def watched(sources: dict[str, Source], *, seen: bool, until: Callable[[Watch], bool]) -> Watch:
    async def run() -> Watch:
        watch = Watch(sources)
        if seen:
            watch.seen()
        task = asyncio.create_task(watch.run())
        await reached(lambda: until(watch))
        task.cancel()
        return watch

    return asyncio.run(run())


def test_while_no_page_is_open_everything_is_read_once_and_only_what_is_always_read_again() -> None:
    reads = {"offsets": 0, "status": 0}

    def read(name: str) -> int:
        reads[name] += 1
        return reads[name]

    sources = {
        "offsets": Source(lambda: read("offsets"), 0.01, (), always=True),
        "status": Source(lambda: read("status"), 0.01, ()),
    }
    watched(sources, seen=False, until=lambda _: reads["offsets"] > 10)
    assert reads["status"] == 1
    watched(sources, seen=True, until=lambda _: reads["status"] > 10)


def test_a_value_stays_when_a_later_reading_fails_and_the_reason_is_beside_it() -> None:
    values = iter([7])

    def read() -> int:
        try:
            return next(values)
        except StopIteration as error:
            raise OSError("not reached") from error

    watch = watched(
        {"status": Source(read, 0.01, (OSError,))}, seen=True, until=lambda watch: bool(watch.answers["status"].problem)
    )
    assert (watch.answers["status"].value, watch.answers["status"].problem) == (7, "not reached")


def test_an_unexpected_error_of_one_source_is_shown_and_the_others_are_read_on() -> None:
    reads: list[int] = []
    sources = {
        "wrong": Source(lambda: 1 // 0, 0.01, (OSError,), always=True),
        "offsets": Source(lambda: reads.append(1), 0.01, (), always=True),
    }
    watch = watched(sources, seen=True, until=lambda watch: len(reads) > 10 and bool(watch.answers["wrong"].problem))
    assert "console.log" in watch.answers["wrong"].problem


def test_a_change_is_read_at_once() -> None:
    async def run() -> int:
        reads: list[int] = []
        watch = Watch({"faults": Source(lambda: reads.append(1), 3600, ())})
        watch.seen()
        task = asyncio.create_task(watch.run())
        await reached(lambda: len(reads) == 1)
        watch.refresh()
        await reached(lambda: len(reads) == 2)
        task.cancel()
        return len(reads)

    assert asyncio.run(run()) == 2


def test_an_actions_result_or_its_error_is_kept_with_its_times() -> None:
    async def run() -> Actions:
        def fail() -> str:
            raise OSError("Vantiq does not answer")

        changes: list[int] = []
        actions = Actions(
            {"good": Action("a", lambda: "done"), "bad": Action("b", fail)}, (OSError,), lambda: changes.append(1)
        )
        actions.start("good")
        actions.start("bad")
        await reached(lambda: len(changes) == 2)
        return actions

    good, bad = asyncio.run(run()).outcomes
    assert (good.ok, good.text) == (True, "done")
    assert (bad.ok, bad.text) == (False, "Vantiq does not answer")
    assert good.ended is not None
    assert good.ended >= good.began


def test_a_part_does_one_thing_at_a_time() -> None:
    async def run() -> None:
        release = threading.Event()
        changes: list[int] = []
        slow = Action("vantiq", lambda: str(release.wait(PATIENCE_SECONDS)))
        actions = Actions(
            {"slow": slow, "other": Action("vantiq", str), "elsewhere": Action("kafka", str)},
            (),
            lambda: changes.append(1),
        )
        actions.start("slow")
        with pytest.raises(BusyError):
            actions.start("other")
        actions.start("elsewhere")
        with pytest.raises(UnknownActionError):
            actions.start("none")
        release.set()
        await reached(lambda: len(changes) == 2)

    asyncio.run(run())


def test_an_unexpected_error_ends_an_action_too() -> None:
    async def run() -> Actions:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        actions = Actions({"wrong": Action("a", lambda: str(1 // 0))}, (OSError,), lambda: None)
        actions.start("wrong")
        await reached(lambda: actions.outcomes[0].ended is not None)
        return actions

    outcome = asyncio.run(run()).outcomes[0]
    assert (outcome.ok, "console.log" in outcome.text) == (False, True)


def test_the_names_of_a_group_are_those_from_its_first_to_its_last_and_bounded() -> None:
    class Bucket:
        def list_objects_v2(self, *, MaxKeys: int, StartAfter: str, **_: str) -> dict[str, object]:  # noqa: N803
            keys = [f"dead-letters/c/orders/0/{number:03}" for number in range(200)]
            return {"Contents": [{"Key": key} for key in keys if key > StartAfter][:MaxKeys]}

    letters = Letters(lambda *_: None, Bucket(), "bucket")
    few = letters.names(NamesRequest("dead-letters/c/orders/0/007", "dead-letters/c/orders/0/008"))
    assert few == {"names": ["dead-letters/c/orders/0/007", "dead-letters/c/orders/0/008"], "more": False}
    many = letters.names(NamesRequest("dead-letters/c/orders/0/000", "dead-letters/c/orders/0/199"))
    assert (len(many["names"]), many["more"]) == (MAX_NAMES, True)


def test_mails_are_the_newest_first_bounded_and_none_where_there_is_no_folder(tmp_path: Path) -> None:
    assert latest_mails(tmp_path / "mails") == []
    for number in range(MAX_MAILS + 5):
        (tmp_path / f"{number:02}.txt").write_bytes(b"Subject: \xff\n" + b"x" * 100_000)
    (tmp_path / "other.json").write_text("{}")
    mails = latest_mails(tmp_path)
    assert len(mails) == MAX_MAILS
    assert mails[0].at >= mails[-1].at
    assert len(mails[0].text) == 20_000
