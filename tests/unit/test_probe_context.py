"""What MSK and Secrets Manager add to a verdict, and what the metrics make of it."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.msk.cluster import ClusterState, cluster_state, state_of
from msk_toolkit.msk.description import describe
from msk_toolkit.msk.observe_secret import secret_findings
from msk_toolkit.msk.secret import SecretFacts, login_findings, refusal_findings
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.context import ControlPlane, explain
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.probe.telemetry import fault_counts
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.probes import ConsumerProbeSettings
from msk_toolkit.stage import Stage

from tests.fakes.aws_fake import refused
from tests.fakes.rows import cause_named, stage_named

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_orders-abc"
GOOD = SecretFacts(
    secret_id=ARN,
    arn=ARN,
    name="AmazonMSK_orders",
    kms_key_id="arn:aws:kms:eu-central-1:123456789012:key/k",
    described=True,
    changed=NOW - timedelta(days=3),
)
CLUSTER = "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/1"


@pytest.mark.parametrize(
    ("changes", "associated", "sentences"),
    [
        ({}, [ARN], ["the secret's name, key and association meet MSK's requirements"]),
        ({}, ["other"], ["not associated with the cluster"]),
        ({}, None, []),
        ({"name": "orders"}, [ARN], ["is named orders"]),
        ({"kms_key_id": None}, [ARN], ["default key"]),
        ({"kms_key_id": "alias/aws/secretsmanager", "changed": None}, [ARN], ["default key"]),
        ({"changed": NOW - timedelta(seconds=90)}, [ARN], ["changed 1 minute ago"]),
        (
            {"name": "x", "kms_key_id": None, "changed": NOW},
            [],
            ["is named x", "default key", "not associated", "changed less than a minute ago"],
        ),
    ],
)
def test_each_of_msks_conditions_on_a_secret_is_reported(
    changes: dict[str, Any], associated: list[str] | None, sentences: list[str]
) -> None:
    facts = msgspec.structs.replace(GOOD, associated=associated, **changes)
    findings = login_findings(facts, NOW)
    assert len(findings) == len(sentences)
    for finding, sentence in zip(findings, sentences, strict=True):
        assert sentence in finding


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({}, ["its name, key and association meet MSK's requirements, so its user name or password is wrong"]),
        ({"changed": NOW}, ["was changed less than a minute ago; MSK may take 10 minutes to apply it"]),
        ({"kms_key_id": None}, []),
        ({"described": False, "kms_key_id": None}, []),
    ],
)
def test_a_refused_login_is_a_finding_about_the_secret(changes: dict[str, Any], sentences: list[str]) -> None:
    facts = msgspec.structs.replace(GOOD, associated=[ARN], **changes)
    findings = refusal_findings(facts, NOW)
    assert [(finding.severity, finding.text) for finding in findings] == [("error", text) for text in sentences]
    assert all(finding.subject == f"secret {facts.secret_id}" for finding in findings)


def test_of_a_secret_that_could_not_be_described_nothing_is_claimed() -> None:
    assert login_findings(SecretFacts(secret_id=ARN), NOW) == []
    assert login_findings(SecretFacts(secret_id=ARN, associated=[ARN]), NOW) == []


class Aws:
    """Both APIs; an answer of None is denied."""

    def __init__(self, secret: dict[str, Any] | None, associated: list[str] | None, state: str | None = None) -> None:
        self._secret, self._associated, self._state = secret, associated, state
        self.asked: list[str] = []

    def __call__(self, service: str) -> "Aws":
        return self

    def _answer(self, name: str, answer: Any) -> Any:
        self.asked.append(name)
        if answer is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, name)
        return answer

    def describe_secret(self, *, SecretId: str) -> Any:  # noqa: N803
        return self._answer("DescribeSecret", self._secret)

    def get_paginator(self, name: str) -> "Aws":
        return self

    def paginate(self, *, ClusterArn: str) -> Any:  # noqa: N803
        arns = self._answer("ListScramSecrets", self._associated)
        return [{"SecretArnList": arns[:1]}, {"SecretArnList": arns[1:]}]

    def describe_cluster_v2(self, *, ClusterArn: str) -> Any:  # noqa: N803
        state = self._answer("DescribeClusterV2", self._state)
        return {"ClusterInfo": {"State": state, "Provisioned": {"NumberOfBrokerNodes": 3}}}


SECRET = {"ARN": ARN, "Name": "AmazonMSK_orders", "KmsKeyId": "key", "LastChangedDate": NOW - timedelta(days=1)}


def test_every_page_of_associated_secrets_counts() -> None:
    assert (
        "meet MSK's requirements"
        in secret_findings(Aws(SECRET, ["other", ARN]), ARN, CLUSTER, Deadline(5), lambda: NOW)[0]
    )


def test_what_is_not_permitted_is_said_and_the_rest_is_still_told() -> None:
    denied = secret_findings(Aws(None, None), ARN, CLUSTER, Deadline(5), lambda: NOW)
    assert [sentence.partition(" could not")[0] for sentence in denied] == ["the secret", "the associated secrets"]
    (finding, missing) = secret_findings(Aws({**SECRET, "KmsKeyId": ""}, None), ARN, CLUSTER, Deadline(5), lambda: NOW)
    assert "default key" in finding
    assert "kafka:ListScramSecrets" in missing


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (
            {"ClusterInfo": {"State": "HEALING", "Provisioned": {"NumberOfBrokerNodes": 6}}},
            ClusterState("HEALING", 6),
        ),
        ({"ClusterInfo": {"State": "ACTIVE", "Serverless": {}}}, ClusterState("ACTIVE")),
        ({"ClusterInfo": {}}, None),
        ({}, None),
    ],
)
def test_a_state_is_read_as_far_as_it_is_there(answer: dict[str, Any], state: ClusterState | None) -> None:
    assert state_of(describe(answer)) == state


def test_a_cluster_that_may_not_be_described_has_no_state() -> None:
    assert cluster_state(Aws(None, None), CLUSTER, Deadline(1)) is None


def report(broker: int, stage: str = "", cause: str = "") -> BrokerReport:
    failed = []
    if stage:
        reason = cause_named(cause)
        failed = [StageResult(stage_named(stage), "failed", cause=reason, detail="said", remedy=reason.remedy)]
    return BrokerReport(broker, f"b-{broker}:9096", failed)


def settings(**values: str) -> ClusterSettings:
    return ClusterSettings(cluster_arn=CLUSTER, scram_secret_arn=ARN, **values)  # type: ignore[arg-type]


AWAY = [report(1), report(2, "tcp", "connection-refused"), report(3)]


def test_maintenance_tags_a_broker_that_is_away_as_planned_and_alarms_nobody() -> None:
    judged = explain(
        judge_brokers(AWAY), AWAY, ControlPlane(settings(), Aws(SECRET, [ARN], "MAINTENANCE"), Deadline(5))
    )
    assert (judged.cluster_state, judged.planned) == ("MAINTENANCE", True)
    assert judged.summary.endswith("; MSK says MAINTENANCE: planned")
    assert sum(fault_counts(judged, AWAY).values()) == 0


def test_an_active_cluster_excuses_nothing() -> None:
    judged = explain(judge_brokers(AWAY), AWAY, ControlPlane(settings(), Aws(SECRET, [ARN], "ACTIVE"), Deadline(5)))
    assert (judged.cluster_state, judged.planned) == ("ACTIVE", False)
    assert {str(metric): count for metric, count in fault_counts(judged, AWAY).items() if count} == {"NetworkFaults": 1}


def test_maintenance_excuses_neither_a_cluster_that_is_down_nor_a_lost_record() -> None:
    down = [report(1, "tcp", "connect-timeout"), report(2, "tcp", "connect-timeout")]
    judged = explain(
        judge_brokers(down), down, ControlPlane(settings(), Aws(SECRET, [ARN], "MAINTENANCE"), Deadline(5))
    )
    assert (judged.status, judged.planned) == ("down", False)
    lost = [report(1, "fetch", "record-lost"), report(2)]
    judged = explain(
        judge_brokers(lost), lost, ControlPlane(settings(), Aws(SECRET, [ARN], "MAINTENANCE"), Deadline(5))
    )
    assert {str(metric): count for metric, count in fault_counts(judged, lost).items() if count} == {"RecordsLost": 1}


def counted(*reports: BrokerReport) -> dict[str, int]:
    """The classes that count anything."""
    counts = fault_counts(judge_brokers(reports), reports)
    return {str(metric): count for metric, count in counts.items() if count}


def test_a_partition_without_a_leader_counts_though_every_broker_answers() -> None:
    leaderless = StageResult(
        Stage.METADATA, "warn", cause=Cause.LEADERLESS, detail="heartbeat-1 has no leader; replicas: 2"
    )
    answering = [BrokerReport(broker, f"b-{broker}:9096", [leaderless]) for broker in (1, 3)]
    assert counted(*answering) == {"BrokerFaults": 1}
    assert counted(*answering, report(2, "tcp", "connection-refused")) == {"NetworkFaults": 1}


def test_missing_heartbeats_are_a_loss_and_not_the_end_of_the_cluster() -> None:
    lost = [report(broker, "fetch", "heartbeat-missing") for broker in (1, 2)]
    assert judge_brokers(lost).status == "degraded"
    assert counted(*lost) == {"RecordsLost": 2}


def test_a_refused_login_is_explained_from_the_apis() -> None:
    denied = [report(1, "sasl", "authentication-failed")]
    judged = explain(judge_brokers(denied), denied, ControlPlane(settings(), Aws(SECRET, [], "ACTIVE"), Deadline(5)))
    (finding,) = judged.findings
    assert finding.startswith(
        "the secret is not associated with the cluster, so the brokers refuse its user; run mskv connect secret"
    )
    # The call says "done" and lists what it did not do.
    for words in (
        "associate-scram-secret",
        "UnprocessedScramSecrets",
        "account and Region",
        "kafka.amazonaws.com",
        "key policy",
    ):
        assert words in finding


def test_a_healthy_verdict_stays_as_it_is_and_no_secret_is_looked_at() -> None:
    aws = Aws(SECRET, [ARN], "ACTIVE")
    healthy = judge_brokers([report(1)])
    assert explain(healthy, [report(1)], ControlPlane(settings(), aws, Deadline(5))) is healthy
    assert "DescribeSecret" not in aws.asked


def test_how_many_brokers_there_should_be_is_asked_while_they_are_probed_and_once() -> None:
    aws = Aws(SECRET, [ARN], "ACTIVE")
    control_plane = ControlPlane(settings(), aws, Deadline(5))
    assert control_plane.expected_brokers() == 3
    explain(judge_brokers(AWAY), AWAY, control_plane)
    assert aws.asked == ["DescribeClusterV2"]


class Silent(Aws):
    """Never answers within the test."""

    def __init__(self) -> None:
        super().__init__(None, None)
        self.released = threading.Event()

    def describe_cluster_v2(self, *, ClusterArn: str) -> Any:  # noqa: N803
        self.released.wait(10)
        raise refused("AccessDeniedException")


def unusable(service: str) -> Any:
    raise ConfigurationError("AWS", ["AWS_DEFAULT_REGION is missing"])


def test_a_control_plane_that_is_denied_or_broken_or_not_named_expects_nothing_and_fails_nothing() -> None:
    assert ControlPlane(settings(), Aws(None, None), Deadline(5)).expected_brokers() is None
    assert ControlPlane(settings(), unusable, Deadline(5)).expected_brokers() is None
    nameless = ClusterSettings(bootstrap_servers="b-1:9096", scram_secret_arn=ARN)
    assert ControlPlane(nameless, unusable, Deadline(5)).expected_brokers() is None


def test_a_control_plane_that_never_answers_holds_a_run_up_for_a_second() -> None:
    aws = Silent()
    control_plane = ControlPlane(settings(), aws, Deadline(30))
    began = time.monotonic()
    assert control_plane.expected_brokers() is None
    assert time.monotonic() - began < 2
    aws.released.set()


def test_an_echo_counts_in_no_class() -> None:
    reports = [report(1, "produce", "acknowledgement-late"), report(2, "tls", "tls-expired")]
    counts = fault_counts(Verdict("degraded", ""), reports)
    assert {str(metric): count for metric, count in counts.items() if count} == {"TlsFaults": 1}


def test_the_watched_groups_are_the_named_ones_and_the_forwarders_own() -> None:
    watched = ConsumerProbeSettings(
        cluster_arn=CLUSTER, lag_groups="billing, audit", forward_topics="orders,audit", forward_group_prefix="stack-"
    )
    assert watched.watched_groups() == ["billing", "audit", "stack-orders", "stack-audit"]
    assert ConsumerProbeSettings(cluster_arn=CLUSTER).watched_groups() == []
