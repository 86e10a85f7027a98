"""Marked records of ``mskv verify``: who may write them, by default nobody."""

import pytest

from tests.template.stack import CLUSTER, Stack

NO_SECRET = {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
TOPICS = CLUSTER.replace(":cluster/", ":topic/")


def stack(allowed: str) -> Stack:
    return Stack(AuthMode="iam", TestRecords=allowed, **NO_SECRET)


def written_to(found: Stack) -> set[str]:
    """The topics that the producer probe's role may write to."""
    resources: set[str] = set()
    for statement in found.statements("ProducerProbeFunction").values():
        if "kafka-cluster:WriteData" in statement["Action"]:
            named = statement["Resource"]
            resources |= set(named if isinstance(named, list) else [named])
    return resources - {CLUSTER}


@pytest.mark.parametrize(("allowed", "topics"), [("false", ""), ("true", "orders,sensor-readings")])
def test_the_probe_knows_which_topics_it_may_write_to(allowed: str, topics: str) -> None:
    assert stack(allowed).variables("ProducerProbeFunction")["TEST_RECORD_TOPICS"] == topics


def test_by_default_its_role_writes_to_the_probes_topic_alone() -> None:
    assert written_to(stack("false")) == {f"{TOPICS}/msk-toolkit-heartbeat"}
    assert written_to(Stack(AuthMode="iam", **NO_SECRET)) == {f"{TOPICS}/msk-toolkit-heartbeat"}


def test_where_they_are_allowed_its_role_may_write_to_the_forwarded_topics() -> None:
    forwarded = {f"arn:*:kafka:*:*:topic/*/{name}" for name in ("orders", "sensor-readings", "msk-toolkit-heartbeat")}
    assert written_to(stack("true")) == {f"{TOPICS}/msk-toolkit-heartbeat", *forwarded}
