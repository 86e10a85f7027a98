"""A console over a made-up system: canned states of the path, an hour of measurements, hostile dead letters."""

import asyncio
import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from aiohttp import web
from msk_toolkit.probe.last_run import LastRun
from msk_toolkit.status.facts import PathFacts
from msk_toolkit.status.judge import path_status

from local.aws.functions import FunctionError
from local.console.actions import Action, Actions
from local.console.app import ApplyRequest, Parts, console
from local.console.history import History, Position, Reading
from local.console.invoking import UNAVAILABLE
from local.console.letters import Letters
from local.console.mails import Mail
from local.console.watch import Source, Watch
from tests.fakes.path_facts import NOW, ORDERS, SENSORS

_PATIENCE_SECONDS = 10.0
MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
LETTER = "dead-letters/cluster/orders/0/00000000000000000041-aaaa.json"


def group(letters: int = 2, reason: str = "refused", code: str = "io.vantiq.value.invalid") -> dict[str, Any]:
    """A group as the redrive lists it."""
    moment = "2026-11-28T02:45:00Z"
    return {
        "topic": ORDERS,
        "partition": 0,
        "reason": reason,
        "code": code,
        "target": "topic:/msk/orders",
        "letters": letters,
        "first": LETTER,
        "last": LETTER,
        "oldest": moment,
        "newest": moment,
    }


def letter(*, payload: bool) -> dict[str, Any]:
    """A letter of which record and refusal hold markup."""
    refusal = {"reason": "refused", "status": 400, "code": "io.vantiq.value.invalid", "target": "topic:/msk/orders"}
    record: dict[str, Any] = {"topic": ORDERS, "partition": 0, "offset": 41}
    if payload:
        refusal["detail"] = f"invalid: {MARKUP}"
        record["value"] = base64.b64encode(json.dumps({"note": MARKUP}).encode()).decode()
        record["key"] = base64.b64encode(b"\xff\xfe").decode()
        record["headers"] = [{"trace": [60, 98, 62]}]
    event = {"records": {f"{ORDERS}-0": [record]}}
    return {"id": "x", "refusal": {**refusal, "attempts": 1}, "writtenAt": NOW * 1000, "event": event}


def plan(*, differs: bool) -> dict[str, Any]:
    """A plan in which nothing differs, or one topic does and another is refused."""
    steps: list[dict[str, Any]] = [
        {"action": "unchanged", "topic": SENSORS, "partitions": 6, "partitionsBefore": 6, "replicationFactor": 3},
    ]
    if differs:
        setting = {"key": "retention.ms", "before": "3600000", "after": "604800000", "source": "topic"}
        refusal = {"reason": "Kafka cannot remove partitions.", "alternative": "declare 6 partitions."}
        steps += [
            {"action": "update", "topic": ORDERS, "partitions": 6, "partitionsBefore": 3, "config": [setting]},
            {"action": "refused", "topic": "returns", "partitions": 3, "partitionsBefore": 6, "refusals": [refusal]},
        ]
    return {"action": "plan", "table": f"~ {ORDERS}", "plan": {"steps": steps, "undeclaredTopics": ["scratch"]}}


class Redrive:
    """Answers like the redrive function, and notes what it was asked."""

    def __init__(self, groups: list[dict[str, Any]]) -> None:
        self.groups = groups
        self.events: list[dict[str, Any]] = []

    def __call__(self, logical_id: str, event: dict[str, Any]) -> Any:
        self.events.append(event)
        match event:
            case {"action": "inspect"}:
                return {"action": "inspect", "letter": letter(payload=event["payload"])}
            case {"action": "replay", "dry_run": False}:
                return {"action": "replay", "dry_run": False, "done": {"delivered": 1, "refused": 1}}
            case {"action": "replay" | "list"}:
                return {"action": event["action"], "dry_run": True, "groups": self.groups}
        raise FunctionError(f"{logical_id}: unknown event")


class Bucket:
    """S3, with one letter."""

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        return {"Contents": [{"Key": LETTER}]}


def history_of(topics: dict[str, tuple[float, float]], now: float) -> History:
    """An hour in which each topic is written and finished at these rates, records per second, from its middle on."""
    history = History(topics)
    for number in range(720):
        at = now - 3600 + 5 * number
        positions = {}
        for topic, (written, finished) in topics.items():
            end = int(written * 5 * number)
            done = int(written * 5 * min(number, 600) + finished * 5 * max(0, number - 600))
            positions[topic] = {0: Position(end, min(end, done))}
        history.add(Reading(at, positions))
    return history


class World:
    """What a page is served from; change it before the page is opened.

    Args:
        facts: of which the state of the path is made.
    """

    def __init__(self, facts: PathFacts, rates: dict[str, tuple[float, float]], groups: list[dict[str, Any]]) -> None:
        self.redrive = Redrive(groups)
        self.faults = dict.fromkeys(("vantiq", "broker", "token", "mapping", "password"), "on")
        self.plan = plan(differs=False)
        self.mails: list[Mail] = []
        self.applied: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.status: Any = msgspec.to_builtins(path_status(facts))
        self.probes: list[LastRun] = list(facts.probes)
        self.history = history_of(rates, time.time())

    def parts(self) -> Parts:
        """The console's parts over this world."""
        letters = Letters(self.redrive, Bucket(), "bucket")
        watch = Watch(
            {
                "status": Source(lambda: self.status, 0.2, UNAVAILABLE),
                "probes": Source(lambda: self.probes, 0.2, ()),
                "faults": Source(lambda: dict(self.faults), 0.2, ()),
                "letters": Source(letters.groups, 0.2, UNAVAILABLE),
                "plan": Source(lambda: self.plan, 0.2, ()),
                "mails": Source(lambda: self.mails, 0.2, ()),
            }
        )
        actions = {
            "stop-vantiq": Action("vantiq", lambda: self._switch("vantiq", "off")),
            "start-vantiq": Action("vantiq", lambda: self._switch("vantiq", "on")),
            "write-records": Action("records", lambda: self._note("200 records were written to orders.")),
        }
        return Parts(
            watch, self.history, Actions(actions, (OSError,), watch.refresh), letters, self._apply, UNAVAILABLE
        )

    def _switch(self, part: str, state: str) -> str:
        self.faults[part] = state
        return self._note(f"{part} is {state}")

    def _note(self, text: str) -> str:
        self.done.append(text)
        return text

    def _apply(self, request: ApplyRequest) -> dict[str, str]:
        self.applied.append(request.plan)
        return {"table": "1 change made."}


@contextlib.contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """Serve an application in a thread of its own; yields its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="console", daemon=True)
    thread.start()
    runner = web.AppRunner(app)
    try:
        yield asyncio.run_coroutine_threadsafe(_start(runner), loop).result(_PATIENCE_SECONDS)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_PATIENCE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE_SECONDS)
        loop.close()


async def _start(runner: web.AppRunner) -> str:
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0]
    return f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def serving_world(world: World) -> Iterator[str]:
    """Serve the console over a world."""
    with serving(console(world.parts())) as address:
        yield address
