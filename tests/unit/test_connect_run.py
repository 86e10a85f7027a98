"""The connect function's answers: all findings at once, whatever AWS refuses, and no password in any of them."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.connect.request import ConnectResponse, parse_connect_request
from msk_toolkit.connect.run import run_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.loading import load

from tests.fakes.aws_fake import REGION, FakeAws, refused

DATA = Path(__file__).parents[1] / "data"
ARN = "arn:aws:kafka:ap-southeast-1:508174134249:cluster/testkafka-sasl/e2d7910e-2ea2-4e63-89f2-f8a61123dfb4-3"
SECRET = "arn:aws:secretsmanager:ap-southeast-1:508174134249:secret:AmazonMSK_test-AbCdEf"
ENVIRON = {
    "CLUSTER_ARN": ARN,
    "AUTH_MODE": "scram",
    "SCRAM_SECRET_ARN": SECRET,
    "VANTIQ_TARGET": "topic:/msk/{topic}",
}


def seed(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


def aws(**answers: Any) -> FakeAws:
    """The walk-through's SASL cluster, in order but for what a test says."""
    sound = {
        "describe_cluster_v2": seed("describe-cluster.testkafka-sasl"),
        "get_bootstrap_brokers": seed("get-bootstrap-brokers.testkafka-sasl"),
        "list_scram_secrets": {"SecretArnList": [SECRET]},
        "describe_secret": {"Name": "AmazonMSK_test", "ARN": SECRET, "KmsKeyId": "arn:aws:kms:key/1"},
        "get_secret_value": {"SecretString": '{"username": "test", "password": "p4ssword"}'},
    }
    return FakeAws(**{**sound, **answers})


def ask(
    client: FakeAws, event: dict[str, Any] | None = None, *, seconds: float = 60.0, **environ: str
) -> ConnectResponse:
    event = {"source": {"topics": ["AWSKafkaTutorialTopic"]}} | (event or {})
    return run_connect(
        parse_connect_request(event), load(ConnectSettings, {**ENVIRON, **environ}), client, None, Deadline(seconds)
    )


def texts(response: ConnectResponse) -> list[str]:
    return [str(finding) for finding in response.findings]


def test_a_sound_cluster_has_no_findings_and_everything_is_answered() -> None:
    response = ask(aws(), {"source": {"topics": ["AWSKafkaTutorialTopic"]}})
    assert texts(response) == []
    assert response.cluster is not None
    assert response.cluster.name == "testkafka-sasl"
    assert response.client is not None
    assert response.source is not None
    assert "@secrets(MskPassword)" in response.source.config["sasl.jaas.config"]
    assert "p4ssword" not in str(response)


def test_the_password_is_answered_when_it_is_asked_for_by_name() -> None:
    response = ask(aws(), {"include": ["password"]})
    assert response.client is not None
    assert "p4ssword" in response.client.files["users_jaas.conf"]
    assert response.source is not None
    assert "p4ssword" not in str(response.source)
    inline = ask(aws(), {"source": {"inline_password": True, "topics": ["t"]}})
    assert "p4ssword" not in str(inline)


def test_a_cluster_is_found_by_its_name_over_pages() -> None:
    pages = {
        None: {"ClusterInfoList": [{"ClusterName": "testkafka-sasl-2", "ClusterArn": "no"}], "NextToken": "2"},
        "2": {"ClusterInfoList": [{"ClusterName": "testkafka-sasl", "ClusterArn": ARN}]},
    }
    client = aws(list_clusters_v2=lambda ClusterNameFilter, NextToken=None: pages[NextToken])  # noqa: N803
    assert texts(ask(client, {"cluster": "testkafka-sasl"})) == []
    assert texts(ask(client, {"cluster": "testkafka"})) == [
        f"error: cluster: there is no cluster named testkafka in this account and Region {REGION}"
    ]


def test_a_cluster_that_does_not_exist_is_reported_once() -> None:
    response = ask(
        aws(describe_cluster_v2=refused("NotFoundException"), get_bootstrap_brokers=refused("NotFoundException"))
    )
    assert texts(response) == ["error: cluster: kafka:DescribeClusterV2: not found in this account and Region"]
    assert response.cluster is None
    assert {mode.state for mode in response.auth_modes} == {"unknown"}


def test_a_wrong_region_is_named_before_anything_is_asked() -> None:
    client = aws()
    response = ask(client, {"cluster": ARN.replace("ap-southeast-1", "eu-west-1")})
    assert texts(response) == [
        f"error: cluster: is in Region eu-west-1, but this function runs in {REGION}: deploy the toolkit there"
    ]
    assert "describe_cluster_v2" not in client.asked


@pytest.mark.parametrize(
    "denied", ["describe_cluster_v2", "get_bootstrap_brokers", "list_scram_secrets", "describe_secret"]
)
def test_a_call_that_is_denied_leaves_the_others_answers(denied: str) -> None:
    response = ask(aws(**{denied: refused("AccessDeniedException")}))
    (line,) = texts(response)
    assert "access denied; allow it for the function's role" in line
    assert (response.cluster is None) == (denied == "describe_cluster_v2")
    assert (response.client is None) == (denied == "get_bootstrap_brokers")


def test_an_old_policy_that_allows_the_first_version_is_enough() -> None:
    denied = refused("AccessDeniedException")
    response = ask(aws(describe_cluster_v2=denied, describe_cluster=seed("describe-cluster.testkafka-sasl")))
    assert texts(response) == []
    assert response.cluster is not None


def test_a_cluster_still_creating_says_so_and_offers_no_files() -> None:
    info = {"ClusterInfo": {"ClusterName": "new", "State": "CREATING", "ClusterType": "PROVISIONED", "Provisioned": {}}}
    response = ask(aws(describe_cluster_v2=info, get_bootstrap_brokers={}))
    assert [line.partition(":")[2].strip()[:32] for line in texts(response)] == ["cluster: is still CREATING: it h"]
    assert response.client is None


def test_a_serverless_cluster_explains_itself() -> None:
    info = {"ClusterInfo": {"State": "ACTIVE", "ClusterType": "SERVERLESS", "Serverless": {}}}
    answers = {"describe_cluster_v2": info, "get_bootstrap_brokers": {"BootstrapBrokerStringSaslIam": "boot:9098"}}
    response = ask(aws(**answers), {"auth_mode": "iam"})
    assert [finding.severity for finding in response.findings] == ["warning", "note"]
    wrong = ask(aws(**answers))
    assert "the cluster has no listener for scram in vpc; it has iam in vpc" in texts(wrong)[-1]


def test_every_fault_of_a_secret_is_reported_at_once() -> None:
    client = aws(
        list_scram_secrets={"SecretArnList": []},
        describe_secret={"Name": "my-secret", "ARN": SECRET},
        get_secret_value={"SecretString": '\ufeff {"username": "te st ", "password": "p4ssword\\n"}\n'},
    )
    lines = [finding.text for finding in ask(client).findings if finding.subject.startswith("secret")]
    assert [text[:38] for text in lines] == [
        "is named my-secret, but MSK accepts on",
        "is encrypted with the default key aws/",
        "is not associated with the cluster, so",
        "begins with a byte order mark (added b",
        "has white space around the JSON object",
        "username begins or ends with white spa",
        "password begins or ends with white spa",
    ]
    assert "p4ssword" not in str(lines)


@pytest.mark.parametrize("text", ["", "p4ssword", "[1]", '{"username": 1, "password": ""}', '{"username": "test"'])
def test_a_secret_that_does_not_parse_is_named_without_its_text(text: str) -> None:
    response = ask(aws(get_secret_value={"SecretString": text}))
    assert response.findings
    assert all("store a JSON object" in finding.text for finding in response.findings)
    assert "p4ssword" not in str(response)
    assert response.client is not None
    assert "<username>" in response.client.files["users_jaas.conf"]


def test_public_addresses_are_used_when_they_are_asked_for() -> None:
    brokers = {"BootstrapBrokerStringSaslScram": "b-1:9096", "BootstrapBrokerStringPublicSaslScram": "p-1:9196"}
    client = aws(get_bootstrap_brokers=brokers)
    response = ask(client, {"network": "public"})
    assert response.source is not None
    assert response.source.config["bootstrap.servers"] == "sb://p-1:9196"
    assert ["several networks" in line for line in texts(response)] == [True]


def test_given_brokers_replace_the_question_to_msk() -> None:
    response = ask(aws(get_bootstrap_brokers=refused("AccessDeniedException")), BOOTSTRAP_SERVERS="a:9096, b:9096")
    assert response.source is not None
    assert response.source.config["bootstrap.servers"] == "sb://a:9096,sb://b:9096"


def test_given_brokers_are_those_of_the_stacks_own_mode() -> None:
    offered = {"BootstrapBrokerString": "b-1:9092", "BootstrapBrokerStringSaslScram": "b-1:9096"}
    client = aws(get_bootstrap_brokers=offered)
    response = ask(client, {"auth_mode": "none"}, BOOTSTRAP_SERVERS="a:9096,b:9096")
    assert response.source is not None
    assert response.source.config["bootstrap.servers"] == "sb://b-1:9092"


def test_a_question_that_hangs_costs_its_own_answer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msk_toolkit.msk.observe.CALL_SECONDS", 0.2)
    monkeypatch.setattr("msk_toolkit.msk.observe_secret.CALL_SECONDS", 0.2)
    ending = threading.Event()
    hanging = aws(describe_cluster_v2=lambda **_: ending.wait(10), describe_secret=lambda **_: ending.wait(10))
    began = time.monotonic()
    response = ask(hanging, seconds=5)
    ending.set()
    assert time.monotonic() - began < 2
    assert [line.split(":", 2)[1].split()[0] for line in texts(response) if "no answer from AWS in time" in line] == [
        "cluster",
        "secret",
    ]
    assert response.source is not None
    assert response.source.config["bootstrap.servers"].startswith("sb://b-")


@pytest.mark.parametrize(
    "event", [None, [], {"action": "delete"}, {"actoin": "plan"}, {"source": {"name": "a b"}}, {"include": ["token"]}]
)
def test_an_event_that_is_none_is_refused(event: Any) -> None:
    with pytest.raises(ConfigurationError):
        parse_connect_request(event)


def test_outside_msk_files_and_source_are_made_of_the_stacks_own_brokers() -> None:
    client = aws(describe_secret={"Name": "kafka/toolkit", "ARN": SECRET})
    response = ask(client, None, CLUSTER_ARN="", BOOTSTRAP_SERVERS="k-1:9093", AUTH_MODE="scram256")
    (note,) = texts(response)
    assert "CLUSTER_ARN is not set, as for Kafka outside MSK" in note
    assert {mode.state for mode in response.auth_modes} == {"unknown"}
    assert response.client is not None
    assert "sasl.mechanism=SCRAM-SHA-256" in response.client.files["client.properties"]
    assert response.source is not None
    assert response.source.config["bootstrap.servers"] == "sb://k-1:9093"


def test_with_mutual_tls_no_files_are_made_and_the_answer_says_why() -> None:
    mutual = ConnectSettings(bootstrap_servers="k-1:9093", auth_mode="mtls", client_certificate_secret_arn=SECRET)
    response = run_connect(parse_connect_request({}), mutual, aws(), None, Deadline(60))
    assert response.client is None
    assert any("with mutual TLS each client needs a certificate of its own" in text for text in texts(response))
