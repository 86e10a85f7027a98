"""The redrive imports what its own stack's mappings discarded; all else stays where it is, with the reason."""

import json
from typing import Any

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.redrive.failures import Range, discarded_batch
from msk_toolkit.redrive.import_failures import NotificationsError
from msk_toolkit.redrive.request import Counts
from msk_toolkit.redrive.scope import ForeignError, Scope

from local.event_source_mapping.event import Partition, Record
from tests.fakes.redrive_harness import RECORDS, SCOPE, RedriveHarness, as_fetched, failure, notification, put

OTHER_ARN = "arn:aws:kafka:eu-central-1:123456789012:cluster/other/1"
OTHER_FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:other-forwarder:$LATEST"
OF_ANOTHER_TOPIC = (Record(Partition("salaries", 0), 3, 1_763_800_000_000, b"v", None, ()),)


def of_another_cluster() -> dict[str, Any]:
    notice = notification()
    notice["KafkaBatchInfo"]["eventSourceArn"] = OTHER_ARN
    return notice


def of_another_function() -> dict[str, Any]:
    notice = notification()
    notice["requestContext"]["functionArn"] = OTHER_FUNCTION
    return notice


def without_a_cluster() -> dict[str, Any]:
    notice = notification()
    del notice["KafkaBatchInfo"]["eventSourceArn"]
    return notice


def payload_of_another_cluster() -> dict[str, Any]:
    notice = failure()
    notice["payload"] = json.loads(notice["payload"])
    notice["payload"]["eventSourceArn"] = OTHER_ARN
    return notice


def payload_with_a_record_of_another_topic() -> dict[str, Any]:
    notice = failure(RECORDS[:1])
    notice["payload"] = json.loads(notice["payload"])
    (records,) = notice["payload"]["records"].values()
    records[0]["topic"] = "salaries"
    return notice


FOREIGN = {
    f"it is of the cluster {OTHER_ARN}": of_another_cluster(),
    "it is of a mapping of the function other-forwarder": of_another_function(),
    "its topic salaries is not forwarded": notification(OF_ANOTHER_TOPIC),
    "it does not name its cluster": without_a_cluster(),
    f"it is of the cluster {OTHER_ARN}, not": payload_of_another_cluster(),
    "its topic salaries is not": payload_with_a_record_of_another_topic(),
}


@pytest.mark.parametrize("reason", FOREIGN)
def test_a_notification_of_another_stack_reads_no_topic_writes_no_letter_and_stays_in_its_queue(reason: str) -> None:
    harness = RedriveHarness()
    reads: list[Range] = []

    def fetch(discarded: Range, deadline: Any) -> list[list[dict[str, Any]]]:
        reads.append(discarded)
        return [as_fetched(RECORDS[:3])]

    harness.services = harness.services._replace(fetch=fetch)
    with pytest.raises(NotificationsError, match="1 of 1 failure notifications were not imported") as refused:
        harness.ask(Records=[{"body": json.dumps(FOREIGN[reason])}])
    assert reason in str(refused.value)
    assert (reads, harness.s3.names()) == ([], [])


def test_a_foreign_notification_blocks_none_of_the_stacks_own() -> None:
    harness = RedriveHarness()
    harness.fetched = [as_fetched(RECORDS[:3])]
    with pytest.raises(NotificationsError, match=r"1 of 2 failure notifications .* number 1: it is of the cluster"):
        harness.ask(Records=[{"body": json.dumps(said)} for said in (of_another_cluster(), notification(RECORDS[:3]))])
    assert len(harness.s3.names("dead-letters/")) == 3


def test_everything_foreign_is_named_at_once() -> None:
    notice = of_another_cluster()
    notice["requestContext"]["functionArn"] = OTHER_FUNCTION
    scope = SCOPE._replace(topics=frozenset({"orders"}))
    with pytest.raises(ForeignError) as refused:
        scope.check(discarded_batch(notice))
    assert str(refused.value).count("; ") == 2


def test_a_foreign_failure_object_is_counted_with_its_reason_and_left_until_somebody_accepts_it() -> None:
    harness = RedriveHarness()
    foreign, own = put(harness, failure(OF_ANOTHER_TOPIC), 0), put(harness, failure(RECORDS[:3]), 1)
    done = harness.replay()
    assert (done.done, done.foreign) == (Counts(delivered=3, imported=3), 1)
    assert done.foreign_objects == [f"{foreign}: its topic salaries is not forwarded by this stack"]
    assert (harness.s3.names("aws/"), harness.s3.names("adopted/")) == ([foreign], [f"adopted/{own}"])
    accepted = harness.replay(accept=["salaries"])
    assert (accepted.done, accepted.foreign) == (Counts(delivered=1, imported=1), 0)
    assert harness.s3.names("aws/") == []


def test_what_is_accepted_is_for_the_bucket_alone() -> None:
    with pytest.raises(ConfigurationError, match="accept is for failure objects in the bucket"):
        RedriveHarness().ask(action="import", accept=["salaries"], failure_notifications=[notification()])


def test_a_request_may_read_no_topic_that_the_stack_does_not_name_as_its_destination() -> None:
    harness = RedriveHarness()

    def spans(topic: str, deadline: Any) -> dict[int, tuple[int, int]]:
        raise AssertionError(topic)

    harness.services = harness.services._replace(spans=spans)
    with pytest.raises(ConfigurationError, match="failure_topic salaries is not among FAILURE_TOPICS"):
        harness.ask(action="import", dry_run=False, failure_topic="salaries")


@pytest.mark.parametrize("function", ["forwarder", OTHER_FUNCTION.replace("other-", ""), ""])
def test_the_stacks_own_mappings_are_known_by_name_or_arn(function: str) -> None:
    notice = notification()
    notice["requestContext"]["functionArn"] = function
    SCOPE.check(discarded_batch(notice))


def test_a_stack_that_names_brokers_instead_of_a_cluster_compares_functions_and_topics() -> None:
    scope = Scope("", "forwarder", SCOPE.topics)
    scope.check(discarded_batch(without_a_cluster()))
    scope.check(discarded_batch(notification()))
    with pytest.raises(ForeignError, match="other-forwarder"):
        scope.check(discarded_batch(of_another_function()))
