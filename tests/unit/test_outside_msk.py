"""Kafka outside MSK: what is named by ClusterName and brokers instead of an ARN, and what is not asked of MSK."""

import json
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.forward.dead_letters import RecordRefusal, letter
from msk_toolkit.forward.decode import decode
from msk_toolkit.msk.bootstrap import bootstrap_brokers
from msk_toolkit.probe.context import ControlPlane
from msk_toolkit.redrive.failures import discarded_batch
from msk_toolkit.redrive.letters import parse_letter
from msk_toolkit.redrive.scope import ForeignError, Scope
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.topics.stack_findings import stack_findings

from tests.fakes.kafka_events import record

SOURCE = {"eventSource": "SelfManagedKafka", "bootstrapServers": "k-2.example:9093,k-1.example:9093"}
EVENT = {**SOURCE, "records": {"orders-0": [record(7)]}}
OUTSIDE = {
    "ClusterName": "plant-kafka",
    "BootstrapServers": "k-1.example:9093,k-2.example:9095",
    "BootstrapPorts": "9093-9095",
    "AuthMode": "scram256",
    "ScramSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka/toolkit-a1b2c3",
}


def test_record_ids_begin_with_the_clusters_name_whatever_its_brokers_are() -> None:
    moved = {**EVENT, "bootstrapServers": "other.example:9093"}
    for event in (EVENT, moved):
        batch = decode(event, cluster_name="plant-kafka")
        (read,) = batch.partitions["orders-0"]
        assert read.content
        assert batch.ids.of(read.content) == "plant-kafka/orders/0/7"


def test_an_arn_goes_before_the_name() -> None:
    event = {**EVENT, "eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:eu-central-1:1:cluster/demo/u-1"}
    assert decode(event, cluster_name="plant-kafka").cluster == "demo/u-1"


def test_a_letter_keeps_the_name_that_its_record_had() -> None:
    batch = decode(EVENT, cluster_name="plant-kafka")
    refusal = RecordRefusal(reason="refused", detail="", target="topic:/t", attempts=1)
    body = letter(batch.partitions["orders-0"][0], batch, refusal, 1.0)
    assert json.loads(body)["id"] == "plant-kafka/orders/0/7"
    content = parse_letter(body)
    assert content
    assert content.batch.cluster == "plant-kafka"
    # Also under another name of the setting.
    assert decode(json.loads(body)["event"], cluster_name="renamed").cluster == "plant-kafka"


def notification(**info: Any) -> Any:
    ranges = {"orders-0": {"firstRecordOffset": 1, "lastRecordOffset": 2}}
    context = {
        "condition": "RetryAttemptsExhausted",
        "functionArn": "arn:aws:lambda:e:1:function:shop-forwarder:$LATEST",
    }
    return {"requestContext": context, "KafkaBatchInfo": {**info, "recordInfo": ranges}}


SCOPE = Scope("", "shop-forwarder", frozenset({"orders"}), brokers=frozenset({"k-1.example:9093", "k-3.example:9093"}))


def test_the_redrive_knows_its_stacks_batches_by_one_common_broker() -> None:
    SCOPE.check(discarded_batch(notification(bootstrapServers=SOURCE["bootstrapServers"])))
    SCOPE.check(discarded_batch(notification()))


@pytest.mark.parametrize(
    ("info", "fault"),
    [
        ({"bootstrapServers": "x.example:9093"}, "it is of the brokers x.example:9093, none of which is this stack's"),
        (
            {"eventSourceArn": "arn:aws:kafka:e:1:cluster/c/1"},
            "it is of the cluster arn:aws:kafka:e:1:cluster/c/1",
        ),
    ],
)
def test_batches_of_other_brokers_and_of_clusters_on_msk_are_foreign(info: dict[str, str], fault: str) -> None:
    with pytest.raises(ForeignError, match=fault):
        SCOPE.check(discarded_batch(notification(**info)))


def test_a_stack_outside_msk_has_no_findings_where_the_ports_are_open() -> None:
    assert stack_findings(OUTSIDE, "eu-central-1") == []


def test_ports_that_nothing_opens_are_refused_with_the_range_that_would() -> None:
    (finding,) = stack_findings({**OUTSIDE, "BootstrapPorts": "9093-9093"}, "eu-central-1")
    assert "no outbound rule for port 9095; give BootstrapPorts a range" in finding


def test_on_msk_a_secret_needs_its_prefix() -> None:
    on_msk = {"ClusterArn": "arn:aws:kafka:eu-central-1:1:cluster/demo/u", "ScramSecretArn": OUTSIDE["ScramSecretArn"]}
    (finding,) = stack_findings(on_msk, "eu-central-1")
    assert "ScramSecretArn names the secret kafka/toolkit-a1b2c3: MSK accepts only names that begin with" in finding


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"AUTH_MODE": "mtls"}, "CLIENT_CERTIFICATE_SECRET_ARN is missing"),
        ({"AUTH_MODE": "scram256"}, "SCRAM_SECRET_ARN is missing"),
        ({"AUTH_MODE": "scram256", "SCRAM_SECRET_ARN": "s", "CLUSTER_ARN": "arn"}, "MSK accepts SCRAM-SHA-512 only"),
        ({"AUTH_MODE": "none", "LISTENER": "public"}, "LISTENER public can't be used with AUTH_MODE none"),
    ],
)
def test_combinations_that_can_not_be_are_refused(variables: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        load(ClusterSettings, {"BOOTSTRAP_SERVERS": "k-1:9093", **variables})


def test_nobody_asks_aws_why_a_login_was_refused_outside_msk() -> None:
    def client(service: str) -> Any:
        raise AssertionError(f"{service} was asked")

    settings = ClusterSettings(bootstrap_servers="k-1:9093", scram_secret_arn="kafka/toolkit")
    plane = ControlPlane(settings, client, Deadline(1))
    assert (plane.login_findings(), plane.state(), plane.expected_brokers()) == ([], None, None)


class Msk:
    """GetBootstrapBrokers of a cluster with a listener in each network."""

    def get_bootstrap_brokers(self, *, ClusterArn: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
        return {
            "BootstrapBrokerStringSaslScram": "b-1:9096",
            "BootstrapBrokerStringPublicSaslScram": "b-1-public:9196",
            "BootstrapBrokerStringVpcConnectivitySaslScram": "b-1.vpc:14001",
        }


@pytest.mark.parametrize(
    ("listener", "brokers"), [("private", "b-1:9096"), ("public", "b-1-public:9196"), ("multi-vpc", "b-1.vpc:14001")]
)
def test_the_chosen_listener_is_used(listener: Any, brokers: str) -> None:
    assert bootstrap_brokers(Msk(), ClusterSettings(cluster_arn="arn", listener=listener), Deadline(5)) == brokers


def test_a_listener_that_is_not_there_is_named_with_its_network() -> None:
    settings = ClusterSettings(cluster_arn="arn", auth_mode="tls", listener="public")
    with pytest.raises(ConfigurationError, match="no listener for tls; it offers scram"):
        bootstrap_brokers(Msk(), settings, Deadline(5))
