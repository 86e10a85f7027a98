"""Objects and notifications that no mapping and no toolkit has written: refused one by one, in bounded memory."""

import io
import json
import math
from typing import Any

import msgspec
import pytest
from msk_toolkit.aws import bucket
from msk_toolkit.aws.bucket import Bucket, ObjectTooLargeError
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.redrive.import_failures import NotificationsError
from msk_toolkit.redrive.letters import parse_letter
from msk_toolkit.redrive.request import parse_redrive_request

from tests.fakes.kafka_events import record
from tests.fakes.redrive_harness import RECORDS, RedriveHarness, as_fetched, failure, notification, put
from tests.fakes.s3_fake import FakeS3


def with_offsets(**offsets: Any) -> dict[str, Any]:
    said = notification(RECORDS[:3])
    for ranges in said["KafkaBatchInfo"].values():
        if isinstance(ranges, dict):
            next(iter(ranges.values())).update(offsets)
    return said


ODD: list[Any] = [
    with_offsets(firstRecordOffset=math.inf),
    with_offsets(lastRecordOffset=math.nan),
    with_offsets(lastRecordOffset=10**400),
    with_offsets(firstRecordOffset=-1),
    with_offsets(firstRecordOffset=5, lastRecordOffset=3),
    with_offsets(firstRecordOffset="hunter2"),
    with_offsets(firstRecordOffset={"hunter2": 1}),
    notification() | {"requestContext": {"approximateInvokeCount": math.inf}},
    notification() | {"requestContext": "hunter2"},
    notification() | {"KafkaBatchInfo": ["hunter2"]},
    {"Type": "Notification", "Message": ["hunter2"]},
    notification() | {"KafkaBatchInfo": {"eventSourceArn": ["hunter2"], "recordInfo": {}}},
    notification() | {"KafkaBatchInfo": notification()["KafkaBatchInfo"] | {"bootstrapServers": {"hunter2": 1}}},
    "\ud800",
    '{"hunter2": "\\ud800"}',
    math.inf,
    failure() | {"payload": {"eventSource": "hunter2"}},
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_notification_is_refused_without_its_values_and_those_behind_it_are_imported(odd: Any) -> None:
    harness = RedriveHarness()
    harness.fetched = [as_fetched(RECORDS[:3])]
    with pytest.raises(NotificationsError, match=r"1 of 2 failure notifications .* number 1") as caught:
        harness.ask(action="import", dry_run=False, failure_notifications=[odd, notification(RECORDS[:3])])
    str(caught.value).encode()
    assert "hunter2" not in str(caught.value)
    assert len(harness.s3.names("dead-letters/")) == 3


@pytest.mark.parametrize("given", [{"failure_topic": "orders\n"}, {"failure_topic": "a b"}])
def test_a_topic_with_a_line_break_behind_it_is_not_one(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="failure_topic"):
        parse_redrive_request({"action": "import"} | given)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> int:
    """The bound, for a test."""
    monkeypatch.setattr(bucket, "MOST_OBJECT_BYTES", 1000)
    monkeypatch.setattr("msk_toolkit.redrive.reading.MOST_OBJECT_BYTES", 1000)
    return 1000


class Counted(io.BytesIO):
    """Counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        octets = super().read(size)
        self.taken += len(octets)
        return octets


@pytest.mark.parametrize("says_its_length", [True, False])
def test_an_object_is_read_up_to_the_bound_and_not_beyond_it(short: int, says_its_length: bool) -> None:
    for length in (short, short + 1, 10 * short):
        body = Counted(b"x" * length)
        answer: dict[str, Any] = {"Body": body} | ({"ContentLength": length} if says_its_length else {})
        s3: Any = type("S3", (), {"get_object": lambda self, answer=answer, **_: answer})()
        if length == short:
            assert len(Bucket("letters", s3).read("a")) == short
            continue
        with pytest.raises(ObjectTooLargeError, match="s3://letters/a is longer than 1,000 bytes"):
            Bucket("letters", s3).read("a")
        assert body.closed
        assert body.taken <= (0 if says_its_length else short + 1)


def test_a_letter_that_is_too_long_is_unreadable_and_stays_while_the_others_are_sent(short: int) -> None:
    harness = RedriveHarness()
    (long, _) = harness.write(record(0, b"x" * 2000), record(1, b"{}"))
    done = harness.replay()
    assert (done.unreadable, done.done.delivered) == ([long], 1)
    assert harness.s3.names("dead-letters/") == [long]
    with pytest.raises(ObjectTooLargeError):
        harness.ask(action="inspect", name=long)


def test_a_failure_object_that_is_too_long_is_unreadable_and_stays(short: int) -> None:
    harness = RedriveHarness()
    name = put(harness, failure())
    assert harness.ask(action="import", dry_run=False).unreadable == [name]
    assert harness.s3.names("aws/") == [name]


def test_json_of_more_lists_than_a_letter_can_have_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = RedriveHarness()
    (name,) = harness.write(record(0))
    body = harness.s3.objects[name]
    containers = body.count(b"{") + body.count(b"[")
    monkeypatch.setattr(bucket, "_MOST_CONTAINERS", containers)
    assert parse_letter(body)
    monkeypatch.setattr(bucket, "_MOST_CONTAINERS", containers - 1)
    assert parse_letter(body) is None
    assert put(harness, failure()) in harness.ask(action="import", dry_run=False).unreadable


def test_the_bound_leaves_room_for_the_largest_event_of_lambda() -> None:
    # A header is the smallest thing with two lists or objects in it.
    header = b'{"a":[1]},'
    assert 6_291_556 // len(header) * 2 <= bucket._MOST_CONTAINERS
    assert bucket.MOST_OBJECT_BYTES >= 3 * 6_291_556
    assert json.loads(b"[" + header[:-1] + b"]") == [{"a": [1]}]


def test_a_body_is_closed_when_it_was_read() -> None:
    s3 = FakeS3()
    s3.put_object(Key="a", Body=b"{}")
    assert Bucket("letters", s3).read("a") == b"{}"


@pytest.mark.parametrize(
    "odd", [{"value": "\ud800"}, {"headers": math.nan}, {"\ud800": math.inf}, {"topic": "a\ud800"}]
)
@pytest.mark.parametrize("payload", [True, False])
def test_a_letter_of_a_broken_record_is_shown_in_a_response_that_can_be_sent(odd: Any, payload: bool) -> None:
    harness = RedriveHarness()
    (name,) = harness.write(record(0) | odd)
    shown = msgspec.to_builtins(harness.ask(action="inspect", name=name, payload=payload))
    assert json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()
    listed = msgspec.to_builtins(harness.ask(action="list"))
    assert json.dumps(listed, ensure_ascii=False, allow_nan=False).encode()
