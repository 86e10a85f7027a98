"""Dead letters in a bucket."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.dead_letters import BucketStore, Refusal, letter, letter_name
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.envelope import document

from tests.fakes.kafka_events import CLUSTER, event, record

REFUSAL = Refusal(reason="refused", detail="", target="topic:/a", status=400, code="c")


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
    assert document(found, again.cluster, "envelope").body == document(first, batch.cluster, "envelope").body


@pytest.mark.parametrize(
    ("raw", "end"),
    [
        (record(7), "orders/3/00000000000000000007.json"),
        (record(7) | {"value": 5}, "orders/3/00000000000000000007.json"),
    ],
)
def test_a_letter_is_named_by_its_record_whether_that_was_decoded_or_not(raw: dict[str, Any], end: str) -> None:
    batch = decode({**event([]), "records": {"orders-3": [raw | {"partition": 3}]}})
    (found,) = batch.partitions["orders-3"]
    assert letter_name(found, batch.cluster) == f"dead-letters/{CLUSTER}/{end}"


def test_a_record_without_a_place_is_named_by_its_content() -> None:
    names = []
    for raw in ({"a": 1}, {"a": 1}, {"a": 2}):
        batch = decode({**event([]), "records": {"orders-3": [raw]}})
        names.append(letter_name(batch.partitions["orders-3"][0], batch.cluster))
    assert names[0] == names[1] != names[2]
    assert names[0].startswith(f"dead-letters/{CLUSTER}/orders-3/unplaced/")
