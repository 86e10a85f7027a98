"""Dead letters in a bucket."""

import json
import re
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.dead_letters import BucketStore, RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.envelope import document

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import CLUSTER, event, record
from tests.fakes.vantiq_fake import answer, at_offset

REFUSAL = RecordRefusal(reason="refused", detail="", target="topic:/a", status=400, code="c")


class FakeS3:
    def __init__(self, error: Exception | None = None, seconds: float = 0) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.error = error
        self.seconds = seconds

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, object]:  # noqa: N803
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        self.objects[Bucket, Key] = Body
        return {}


def denied(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "hush"}}, "PutObject")


def test_a_letter_is_written_to_the_bucket() -> None:
    s3 = FakeS3()
    BucketStore("letters", lambda: s3).write("a.json", b"{}", Deadline(1))
    assert s3.objects == {("letters", "a.json"): b"{}"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (denied("AccessDenied"), "s3:PutObject"),
        (denied("NoSuchBucket"), "no such bucket"),
        (denied("SlowDown"), "SlowDown"),
        (EndpointConnectionError(endpoint_url="x"), "VPC endpoint"),
    ],
)
def test_what_keeps_a_letter_from_being_written_is_named(error: Exception, said: str) -> None:
    with pytest.raises(AwsError, match=said) as caught:
        BucketStore("letters", lambda: FakeS3(error)).write("a.json", b"{}", Deadline(1))
    assert "s3://letters/a.json" in str(caught.value)


def test_a_bucket_that_hangs_does_not_outlast_the_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(AwsError, match="in time"):
        BucketStore("letters", lambda: FakeS3(seconds=1)).write("a.json", b"{}", Deadline(0.1))
    assert time.monotonic() - started < 0.9


def test_a_letter_holds_an_event_from_which_the_record_can_be_sent_again() -> None:
    batch = decode(event([record(7), record(8)]))
    first = batch.partitions["orders-0"][0]
    kept = json.loads(letter(first, batch, REFUSAL, 1.5))
    assert (kept["writtenAt"], kept["version"]) == (1500, 1)
    again = decode(kept["event"])
    (found,) = again.partitions["orders-0"]
    assert document(found, again.ids, "envelope").body == document(first, batch.ids, "envelope").body


def name_of(raw: dict[str, Any]) -> str:
    batch = decode({**event([]), "records": {"orders-3": [raw]}})
    return letter_name(batch.partitions["orders-3"][0], batch.cluster)


@pytest.mark.parametrize("raw", [record(7, partition=3), record(7, partition=3) | {"value": 5}])
def test_a_letter_is_named_by_its_record_whether_that_was_decoded_or_not(raw: dict[str, Any]) -> None:
    assert re.fullmatch(rf"dead-letters/{CLUSTER}/orders/3/0{{19}}7-[0-9a-f]{{16}}\.json", name_of(raw))
    assert name_of(raw) == name_of(dict(raw))


@pytest.mark.parametrize(
    "other",
    [
        {"value": "Tk9X"},
        {"key": "Tk9X"},
        {"key": ""},
        {"timestamp": 1},
        {"headers": [{"a": [65]}]},
        {"value": None},
        {"value": 5},
    ],
)
def test_another_record_of_the_same_place_has_another_name_since_a_topic_recreated_counts_from_0(other: Any) -> None:
    before = record(7, partition=3)
    assert name_of(before) != name_of(before | other)
    assert name_of(before)[:-22] == name_of(before | other)[:-22]


def test_a_record_has_one_name_however_its_event_spells_it() -> None:
    spelt = record(7, partition=3) | {"key": None, "headers": [{"a": [-1]}, {"b": None}]}
    again = record(7, partition=3) | {"headers": [{"a": [255]}, {"b": None}], "timestampType": "LOG_APPEND_TIME"}
    assert name_of(spelt) == name_of(again)
    assert name_of(record(7) | {"headers": None}) == name_of(record(7) | {"headers": []})


def test_names_stand_in_the_order_of_the_offsets_also_beside_those_of_older_versions() -> None:
    names = [name_of(record(n)) for n in (9, 10, 99, 100, 1000)]
    older = [f"{name[:-22]}.json" for name in names]
    offsets = [int(name.rpartition("/")[2][:20]) for name in sorted(names + older)]
    assert offsets == [9, 9, 10, 10, 99, 99, 100, 100, 1000, 1000]


def test_a_record_without_a_place_is_named_by_its_content() -> None:
    names = []
    for raw in ({"a": 1}, {"a": 1}, {"a": 2}):
        batch = decode({**event([]), "records": {"orders-3": [raw]}})
        names.append(letter_name(batch.partitions["orders-3"][0], batch.cluster))
    assert names[0] == names[1] != names[2]
    assert names[0].startswith(f"dead-letters/{CLUSTER}/orders-3/unplaced/")


@pytest.mark.parametrize("length", [999, 1000, 1001, 5000])
def test_a_letter_has_the_first_thousand_characters_of_vantiqs_message(length: int) -> None:
    text = "x" * length
    harness = ForwarderHarness(at_offset(0, answer(400, {"code": "a.b", "message": text})))
    assert harness.forward(record(0)).dead_lettered == 1
    (made,) = harness.letters.letters.values()
    assert made["refusal"]["detail"] == text[:1000]
