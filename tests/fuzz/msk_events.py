"""Events of the event source mapping with something wrong in them, through the forwarder's handler.

Of each record it must be known afterwards what became of it: at Vantiq as it was in the event, in a dead letter as it
was in the event, or reported to the mapping, which redelivers it.
"""

import json
import os
import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from unittest.mock import patch

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.batch_response import DeliveryIncompleteError
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.connection import HttpResponse

from tests.fakes.clock_fake import FakeClock
from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.kafka_events import ARN, event, record
from tests.fakes.vantiq_fake import FakeVantiq, Fault, answer, refusal
from tests.fuzz.comparison import Taken, same_json
from tests.fuzz.frame import BrokenPromiseError
from tests.fuzz.functions import ROOT, Context, as_response, load_function, strict_output
from tests.fuzz.values import changed, changed_octets

_COMMON = {
    "VANTIQ_URL": "https://v",
    "VANTIQ_TOKEN_SECRET_ARN": "s",
    "DEAD_LETTER_BUCKET": "letters",
    "MAX_ATTEMPTS": "2",
    "TARGET_CHECK": "off",
    "POWERTOOLS_METRICS_NAMESPACE": "fuzz",
    "LOG_PAYLOAD_BYTES": "20",
    "VANTIQ_TARGET": "topic:/kafka/{topic}",
}
_VARIANTS: tuple[Mapping[str, str], ...] = (
    {},
    {"VANTIQ_TARGET": "type:Order", "ORDERING": "key"},
    {"VANTIQ_TARGET": "upsert:Order", "POLLER_MODE": "provisioned"},
    {"PAYLOAD": "value", "ORDERING": "none"},
    {"ON_REFUSAL": "block", "POLLER_MODE": "provisioned"},
    {"VANTIQ_TARGET": "procedure:my.take", "HEARTBEAT_TOPIC": "orders", "SET_ASIDE": "orders/0/3"},
)
_VALUES = (
    b'{"order": 1}',
    b"\xff\xfe",
    b"7",
    b"",
    b"[1.50, 1e999]",
    b"text",
    b'"\\ud800"',
    b"null",
    b"NaN",
    b"[[[[]]]]",
)


class MskEvent(NamedTuple):
    """An event, the function's settings, and the seed of what Vantiq does with it."""

    event: Any
    settings: Mapping[str, str]
    fate: int


class MskEvents:
    """See :class:`tests.fuzz.frame.FuzzTarget`."""

    def __init__(self) -> None:
        self._function = load_function("forwarder")
        vars(self._function)["warm_forwarder"] = self._forwarder
        self._sample = json.loads((ROOT / "events" / "forwarder.json").read_text())
        self._run = _Run(0)

    def make(self, chance: random.Random) -> MskEvent:
        """The sample, or records of every kind, in one or two partitions."""
        sample = self._sample if chance.random() < 0.2 else event(_records(chance))
        return MskEvent(changed(sample, chance), chance.choice(_VARIANTS), chance.getrandbits(32))

    def play(self, given: MskEvent) -> str:
        """One invocation."""
        self._run = _Run(given.fate)
        with patch.dict(os.environ, {**_COMMON, **given.settings}), strict_output():
            try:
                response = as_response(self._function.handler(given.event, Context()))
            except DeliveryIncompleteError:
                self._run.check_failures()
                return "redelivered"
            except ToolkitError:
                self._run.check_refused_as_a_whole()
                raise
        self._run.check_failures()
        return self._run.check(given, response)

    def _forwarder(self, settings: ForwarderSettings, make_client: object) -> Forwarder:
        return self._run.forwarder(settings)


class _Letters(FakeDeadLetters):
    """Every letter that was written, also those of one name."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Any] = []

    def write(self, name: str, body: bytes, deadline: object) -> None:
        """See DeadLetterStore.write."""
        name.encode()  # as S3 would
        self.bodies.append(json.loads(body))


class _Vantiq(FakeVantiq):
    """Keeps whole bodies, too: an array may be a record's own value."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.bodies: list[Any] = []

    def post(self, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """See FakeVantiq.post."""
        response = super().post(path, body, deadline)
        if response.status == 200:
            self.bodies.append(json.loads(body))
        return response


class _Watched(Forwarder):
    """Remembers what became of the batch."""

    outcome: BatchOutcome | None = None

    def forward(self, *arguments: Any) -> BatchOutcome:
        """See Forwarder.forward."""
        self.outcome = super().forward(*arguments)
        return self.outcome


class _Run:
    """One invocation's surroundings, and what arrived there."""

    def __init__(self, fate: int) -> None:
        self._chance = random.Random(fate)  # noqa: S311 - a reproducible choice, not a secret
        self.vantiq = _Vantiq(self._fault)
        self.letters = _Letters()
        self.made: _Watched | None = None

    def forwarder(self, settings: ForwarderSettings) -> Forwarder:
        """As the function has it when it is cold."""
        clock = FakeClock()
        store = None if settings.on_refusal == "block" else self.letters
        services = DeliveryServices(
            self.vantiq, store, clock, lambda: 1_763_800_060.0, clock.poll, lambda: 0.5, by_operator=self.letters
        )
        self.made = _Watched(settings, services)
        return self.made

    def _fault(self, path: str, documents: list[Any]) -> Any:
        dice = self._chance.random()
        if dice < 0.02:
            return answer(503)
        if dice < 0.04 and len(documents) == 1:
            return refusal(400)
        return None

    def check_failures(self) -> None:
        """No lane ended because of an exception that nobody foresaw."""
        outcome = self.made.outcome if self.made else None
        for failure in outcome.failures if outcome else ():
            if failure.reason.startswith("unexpected "):
                raise RuntimeError(failure.reason)

    def check_refused_as_a_whole(self) -> None:
        """Nothing of an event that is refused was sent."""
        if self.vantiq.taken or self.letters.bodies:
            raise BrokenPromiseError("records of an event that was refused were sent")

    def check(self, given: MskEvent, response: Any) -> str:
        """Each record is at Vantiq or in a letter, as it was, or it is reported."""
        reported = {
            (item["itemIdentifier"]["partition"], item["itemIdentifier"]["offset"])
            for item in response["batchItemFailures"]
        }
        is_envelope = given.settings.get("PAYLOAD") != "value"
        left = Taken(self.vantiq.taken if is_envelope else self.vantiq.bodies, is_envelope=is_envelope)
        aside = 0
        for place, raw in _records_of(given.event):
            offset = raw.get("offset") if isinstance(raw, dict) else None
            if isinstance(offset, int) and (place, offset) in reported:
                continue
            if self._has_letter(place, raw):
                aside += 1
            elif not left.take(raw):
                raise BrokenPromiseError(f"lost: {place} {raw!r:.400}")
        if aside:
            return "delivered, with dead letters"
        return "reported in part" if reported else "delivered"

    def _has_letter(self, place: str, raw: Any) -> bool:
        return any(same_json(letter["event"]["records"], {place: [raw]}) for letter in self.letters.bodies)


def _records_of(given: Any) -> Iterator[tuple[str, Any]]:
    for place, raws in given["records"].items():
        for raw in raws:
            yield place, raw


def _records(chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(chance.randint(1, 5)):
        value = chance.choice(_VALUES)
        if chance.random() < 0.3:
            value = changed_octets(value, chance)
        made = record(number, value, partition=chance.randint(0, 1), key=chance.choice((None, b"k", b"\xff")))
        made["headers"] = chance.choice(([], [{"h": [104, -1]}], [{"h": None}, {"g": [255]}]))
        if chance.random() < 0.2:
            made["valueSchemaMetadata"] = {"dataFormat": "JSON", "schemaId": ARN}
        yield made
