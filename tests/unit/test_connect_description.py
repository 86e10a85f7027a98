"""A cluster's description and auth modes, out of every shape of MSK's answers; the walk-through's own among them."""

import json
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msk_toolkit.msk.auth_modes import ListenerAuth, auth_findings, auth_modes
from msk_toolkit.msk.description import DeclaredAuth, broker_node_types, describe
from msk_toolkit.msk.listeners import listeners
from msk_toolkit.msk.state_findings import state_findings

DATA = Path(__file__).parents[1] / "data"


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return document


def by_mode(description: dict[str, Any], brokers: dict[str, Any] | None) -> dict[str, ListenerAuth]:
    offered = None if brokers is None else listeners(brokers)
    return {mode.mode: mode for mode in auth_modes(describe(description), offered)}


def provisioned(**parts: Any) -> dict[str, Any]:
    """A description of version 2."""
    return {"ClusterInfo": {"ClusterType": "PROVISIONED", "State": "ACTIVE", "Provisioned": parts}}


@pytest.mark.parametrize("name", ["testkafka-sasl", "testkafka-noauth"])
def test_the_walk_throughs_clusters_are_described(name: str) -> None:
    cluster = describe(load(f"describe-cluster.{name}"))
    assert (cluster.name, cluster.kind, cluster.state, cluster.kafka_version) == (name, "standard", "ACTIVE", "2.2.1")
    assert (cluster.brokers, cluster.instance_type, cluster.coordination) == (3, "kafka.t3.small", "zookeeper")
    assert cluster.encryption_in_transit == ("TLS" if name == "testkafka-sasl" else "TLS_PLAINTEXT")
    assert cluster.encryption_in_cluster is True
    assert cluster.zookeeper is not None
    assert cluster.zookeeper.count(":2181") == 3
    assert len(cluster.subnets) == 3
    assert cluster.security_groups == ["sg-0599e5640d29287dc"]
    assert cluster.declared_auth == DeclaredAuth()
    assert not cluster.public


def test_the_auth_modes_are_those_of_the_walk_throughs_table() -> None:
    sasl = by_mode(load("describe-cluster.testkafka-sasl"), load("get-bootstrap-brokers.testkafka-sasl"))
    assert {mode: auth.state for mode, auth in sasl.items()} == {
        "none": "off", "tls": "off", "mtls": "off", "scram": "on", "iam": "off",
    }  # fmt: skip
    assert sasl["scram"].listeners[0].ports == [9096]
    noauth = by_mode(load("describe-cluster.testkafka-noauth"), load("get-bootstrap-brokers.testkafka-noauth"))
    assert [mode for mode, auth in noauth.items() if auth.state == "on"] == ["none", "tls"]
    # "Vantiq Support?": none yes, SASL/SCRAM yes, TLS client certificates no; the last is marked as not tried.
    assert [noauth[mode].vantiq.usable for mode in ("none", "scram", "mtls")] == [True, True, False]
    assert [noauth[mode].vantiq.known for mode in ("none", "scram", "mtls", "iam")] == [True, True, False, False]
    assert [noauth[mode].forwarder.usable for mode in ("none", "tls", "scram", "iam", "mtls")] == [True] * 5


def test_all_fourteen_keys_of_the_api_are_listeners() -> None:
    session = boto3.Session(region_name="eu-central-1")
    model = session.client("kafka", aws_access_key_id="x", aws_secret_access_key="y").meta.service_model
    keys = list(model.operation_model("GetBootstrapBrokers").output_shape.members)
    offered = listeners({key: f"b-1:{9000 + number}" for number, key in enumerate(keys)})
    assert len(keys) == 14
    assert sorted(port for listener in offered for port in listener.ports) == list(range(9000, 9014))
    assert len({(listener.network, listener.protocol) for listener in offered}) == 14


def test_a_listener_on_and_off_decides_over_what_is_declared() -> None:
    declared = provisioned(ClientAuthentication={"Sasl": {"Scram": {"Enabled": True}, "Iam": {"Enabled": True}}})
    modes = by_mode(declared, {"BootstrapBrokerStringSaslIam": "b-1:9098"})
    assert (modes["scram"].state, modes["iam"].state) == ("off", "on")
    findings = auth_findings(describe(declared), listeners({"BootstrapBrokerStringSaslIam": "b-1:9098"}))
    assert [str(finding) for finding in findings] == [
        "warning: auth modes: scram is switched on, but the cluster lists no listener for it: "
        "an update may be in progress"
    ]


def test_without_the_listeners_what_is_declared_decides_and_the_rest_is_unknown() -> None:
    declared = provisioned(ClientAuthentication={"Sasl": {"Scram": {"Enabled": True}, "Iam": {"Enabled": False}}})
    states = {mode: auth.state for mode, auth in by_mode(declared, None).items()}
    assert states == {"none": "unknown", "tls": "unknown", "mtls": "unknown", "scram": "on", "iam": "off"}


def test_a_tls_listener_that_wants_certificates_is_not_open_without() -> None:
    brokers = {"BootstrapBrokerStringTls": "b-1:9094"}
    only = provisioned(ClientAuthentication={"Tls": {"Enabled": True, "CertificateAuthorityArnList": ["arn"]}})
    assert [by_mode(only, brokers)[mode].state for mode in ("tls", "mtls")] == ["off", "on"]
    both = provisioned(ClientAuthentication={"Tls": {"Enabled": True}, "Unauthenticated": {"Enabled": True}})
    assert [by_mode(both, brokers)[mode].state for mode in ("tls", "mtls")] == ["on", "on"]
    silent = provisioned(ClientAuthentication={"Tls": {}})
    assert [by_mode(silent, brokers)[mode].state for mode in ("tls", "mtls")] == ["on", "unknown"]


def test_serverless_offers_iam_alone_and_says_what_that_means() -> None:
    info = {
        "ClusterType": "SERVERLESS",
        "State": "ACTIVE",
        "Serverless": {"VpcConfigs": [{"SubnetIds": ["s-1", "s-2"], "SecurityGroupIds": ["sg-1"]}]},
    }
    cluster = describe({"ClusterInfo": info})
    assert (cluster.kind, cluster.subnets, cluster.security_groups) == ("serverless", ["s-1", "s-2"], ["sg-1"])
    assert cluster.declared_auth == DeclaredAuth(None, False, True, False)
    modes = by_mode({"ClusterInfo": info}, {"BootstrapBrokerStringSaslIam": "boot-1:9098"})
    assert [mode for mode, auth in modes.items() if auth.state == "on"] == ["iam"]
    (finding,) = state_findings(cluster)
    assert "forwarder" in finding.text
    assert "IAM" in finding.text


@pytest.mark.parametrize(
    ("version", "zookeeper", "coordination"),
    [
        ("3.9.x.kraft", None, "kraft"),
        ("4.1.x", None, "kraft"),
        ("3.6.0", "z-1:2181", "zookeeper"),
        ("3.9.x", None, None),
    ],
)
def test_zookeeper_and_kraft_are_distinguished(version: str, zookeeper: str | None, coordination: str | None) -> None:
    parts = {"CurrentBrokerSoftwareInfo": {"KafkaVersion": version}, "ZookeeperConnectString": zookeeper}
    assert describe(provisioned(**parts)).coordination == coordination


def test_express_brokers_and_public_access_are_seen() -> None:
    nodes = {
        "InstanceType": "express.m7g.large",
        "ConnectivityInfo": {"PublicAccess": {"Type": "SERVICE_PROVIDED_EIPS"}},
    }
    cluster = describe(provisioned(BrokerNodeGroupInfo=nodes))
    assert (cluster.kind, cluster.public) == ("express", True)


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        ("CREATING", "error"),
        ("FAILED", "error"),
        ("DELETING", "error"),
        ("HEALING", "warning"),
        ("MAINTENANCE", "warning"),
    ],
)
def test_a_state_that_is_not_active_is_reported(state: str, severity: str) -> None:
    (finding,) = state_findings(describe({"ClusterInfo": {"State": state, "StateInfo": {"Message": "why"}}}))
    assert finding.severity == severity
    assert state in finding.text


@pytest.mark.parametrize(
    ("action", "state", "severity", "text"),
    [
        ("CRITICAL_ACTION_REQUIRED", "HEALING", "error", "waiting alone may not end HEALING"),
        ("CRITICAL_ACTION_REQUIRED", "ACTIVE", "error", "requires an action by its owner"),
        ("ACTION_RECOMMENDED", "ACTIVE", "warning", "has a recommended action"),
    ],
)
def test_an_action_that_msk_waits_for_is_reported(action: str, state: str, severity: str, text: str) -> None:
    answer = provisioned(CustomerActionStatus=action)
    answer["ClusterInfo"]["State"] = state
    (finding,) = [finding for finding in state_findings(describe(answer)) if "CustomerActionStatus" in finding.text]
    assert (finding.severity, text in finding.text) == (severity, True)
    assert action in finding.text


def test_a_cluster_that_wants_nothing_says_nothing_of_it() -> None:
    assert state_findings(describe(provisioned(CustomerActionStatus="NONE"))) == []


def test_the_kinds_of_brokers_are_named_and_a_mixture_is_reported() -> None:
    nodes = [{"BrokerNodeInfo": {"BrokerNodeType": kind}} for kind in ("STANDARD", "EXPRESS", "STANDARD")]
    kinds = broker_node_types([*nodes, {"BrokerNodeInfo": {}}, {}])
    assert kinds == ["EXPRESS", "STANDARD"]
    cluster = msgspec.structs.replace(describe(provisioned()), broker_node_types=kinds)
    (finding,) = state_findings(cluster)
    assert "upgraded from Standard to Express" in finding.text
    assert state_findings(msgspec.structs.replace(cluster, broker_node_types=["EXPRESS"])) == []


@pytest.mark.parametrize(
    ("logging", "on"),
    [
        ({}, None),
        ({"BrokerLogs": {}}, False),
        ({"BrokerLogs": {}, "AuthorizerLogs": {"S3": {"Enabled": False}}}, False),
        ({"BrokerLogs": {}, "AuthorizerLogs": {"CloudWatchLogs": {"Enabled": True, "LogGroup": "g"}}}, True),
    ],
)
def test_whether_the_cluster_logs_who_was_denied_what_is_reported(logging: dict[str, Any], on: bool | None) -> None:
    assert describe(provisioned(LoggingInfo=logging)).authorizer_logs is on


def test_two_networks_are_reported_with_the_choice() -> None:
    offered = listeners({"BootstrapBrokerStringSaslScram": "b:9096", "BootstrapBrokerStringPublicSaslScram": "b:9196"})
    (finding,) = auth_findings(describe({"State": "ACTIVE"}), offered)
    assert finding.text.startswith("the brokers listen in several networks (vpc, public)")


@settings(deadline=None)  # drawing an answer takes its time on a busy machine
@given(st.data())
def test_any_part_of_an_answer_may_be_missing_empty_or_null(data: st.DataObject) -> None:
    def thinned(value: Any) -> Any:
        if not isinstance(value, dict):
            return data.draw(st.sampled_from([value, None]))
        kept = {name: thinned(part) for name, part in value.items() if data.draw(st.booleans())}
        return data.draw(st.sampled_from([kept, {}, None])) if kept else kept

    base = load("describe-cluster.testkafka-noauth")["ClusterInfo"]
    version2 = {"ClusterType": "PROVISIONED", "Provisioned": base, "Serverless": {"VpcConfigs": [{}]}}
    info = thinned(data.draw(st.sampled_from([base, version2]))) or {}
    cluster = describe({"ClusterInfo": info})
    state_findings(cluster)
    auth_modes(cluster, listeners(dict.fromkeys(load("get-bootstrap-brokers.testkafka-noauth"))))
