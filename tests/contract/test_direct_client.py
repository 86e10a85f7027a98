"""One suite for boto3's clients and for the requests that the toolkit sends without boto3."""

import functools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from msk_toolkit.aws import direct_client
from msk_toolkit.aws.call import NotFoundAtAwsError, all_items, ask_aws
from msk_toolkit.aws.direct_access import DirectAccess
from msk_toolkit.aws.direct_client import DirectClient
from msk_toolkit.errors import AwsError

REGION = "eu-central-1"
CLUSTER = "arn:aws:kafka:eu-central-1:123456789012:cluster/my cluster/0b12-3"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not/a+secret",
    "AWS_SESSION_TOKEN": "session//token+==",
    "AWS_DEFAULT_REGION": REGION,
}
JSON = "application/json"


class Service(ThreadingHTTPServer):
    """Answers one after the other as scripted, and checks each request's signature with botocore's own signer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[tuple[str, str, bytes, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, content: Any, status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.answers.append((status, {"Content-Type": JSON, **headers}, body))


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, body, dict(self.headers)))
        status, headers, content = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


def boto3_client(name: str, url: str) -> Any:
    config = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
    # A session of its own: the default one keeps the credentials that it had first.
    return boto3.Session().client(name, endpoint_url=url, config=config)  # type: ignore[call-overload]  # a variable


def direct(name: str, url: str) -> Any:
    def no_boto3() -> Any:
        raise AssertionError("boto3's client was made")

    return DirectClient(DirectAccess(name, url, REGION), no_boto3, lambda _: None)


@pytest.fixture(params=[boto3_client, direct], ids=["boto3", "direct"])
def client(request: pytest.FixtureRequest, service: Service) -> Callable[[str], Any]:
    return lambda name: request.param(name, service.url)


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def is_signed(service: Service, name: str) -> bool:
    """Whether botocore gives the last request the signature that it has."""
    method, path, body, headers = service.requests[-1]
    lower = {key.lower(): value for key, value in headers.items()}
    names = lower["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest(method, service.url + path, {key: lower[key] for key in names}, body)
    request.context["timestamp"] = lower["x-amz-date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "not/a+secret", "session//token+=="), name, REGION)
    canonical = signer.canonical_request(request)
    return lower["authorization"].endswith(signer.signature(signer.string_to_sign(request, canonical), request))


def test_a_secret_is_read(client: Callable[[str], Any], service: Service) -> None:
    service.answer({"Name": "s", "SecretString": "hush ä"})
    assert without_metadata(client("secretsmanager").get_secret_value(SecretId="s"))["SecretString"] == "hush ä"
    method, path, body, headers = service.requests[-1]
    assert (method, path, json.loads(body)) == ("POST", "/", {"SecretId": "s"})
    assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["X-Amz-Security-Token"] == CREDENTIALS["AWS_SESSION_TOKEN"]
    assert is_signed(service, "secretsmanager")


def test_a_cluster_is_described_in_boto3s_names(client: Callable[[str], Any], service: Service) -> None:
    info = {
        "clusterArn": CLUSTER,
        "state": "ACTIVE",
        "provisioned": {"numberOfBrokerNodes": 3, "brokerNodeGroupInfo": {}},
    }
    service.answer({"clusterInfo": info})
    answer = without_metadata(client("kafka").describe_cluster_v2(ClusterArn=CLUSTER))
    provisioned = {"NumberOfBrokerNodes": 3, "BrokerNodeGroupInfo": {}}
    assert answer == {"ClusterInfo": {"ClusterArn": CLUSTER, "State": "ACTIVE", "Provisioned": provisioned}}
    arn = "arn%3Aaws%3Akafka%3Aeu-central-1%3A123456789012%3Acluster%2Fmy%20cluster%2F0b12-3"
    assert service.requests[-1][:2] == ("GET", f"/api/v2/clusters/{arn}")
    assert is_signed(service, "kafka")


def test_bootstrap_brokers_are_read(client: Callable[[str], Any], service: Service) -> None:
    service.answer({"bootstrapBrokerStringSaslScram": "b-1:9096,b-2:9096"})
    answer = without_metadata(client("kafka").get_bootstrap_brokers(ClusterArn=CLUSTER))
    assert answer == {"BootstrapBrokerStringSaslScram": "b-1:9096,b-2:9096"}
    assert service.requests[-1][1].endswith("/bootstrap-brokers")
    assert is_signed(service, "kafka")


def test_mappings_are_listed_over_all_pages(client: Callable[[str], Any], service: Service) -> None:
    service.answer({"EventSourceMappings": [{"UUID": "1", "Topics": ["a"]}], "NextMarker": "next /+=?&"})
    service.answer({"EventSourceMappings": [{"UUID": "2"}]})
    mappings = all_items(
        client("lambda"),
        "list_event_source_mappings",
        "EventSourceMappings",
        FunctionName="my-forwarder",
        EventSourceArn=CLUSTER,
    )
    assert mappings == [{"UUID": "1", "Topics": ["a"]}, {"UUID": "2"}]
    parts = urlsplit(service.requests[-1][1])
    assert parts.path.rstrip("/") == "/2015-03-31/event-source-mappings"
    assert "Marker=next%20%2F%2B%3D%3F%26" in parts.query
    assert is_signed(service, "lambda")


@pytest.mark.parametrize(
    ("status", "headers", "content", "code"),
    [
        (400, {}, {"__type": "ResourceNotFoundException", "message": "secret words"}, "ResourceNotFoundException"),
        (400, {}, {"__type": "com.amazonaws.x#AccessDeniedException", "Message": "m"}, "AccessDeniedException"),
        (404, {}, b"<html>not AWS</html>", "404"),
    ],
)
def test_a_refusal_has_the_code_of_aws_and_not_its_message(
    client: Callable[[str], Any], service: Service, status: int, headers: dict[str, str], content: Any, code: str
) -> None:
    service.answer(content, status, **headers)
    with pytest.raises(AwsError) as caught:
        ask_aws("asking", lambda: client("secretsmanager").get_secret_value(SecretId="s"))
    assert caught.value.code == code
    assert isinstance(caught.value, NotFoundAtAwsError) == (code == "ResourceNotFoundException")
    assert "words" not in str(caught.value)
    assert len(service.requests) == 1


@pytest.mark.parametrize("type_", ["NotFoundException", "NotFoundException:http://internal.amazon.com/coral/"])
def test_a_refusal_of_msk_has_its_code_in_a_header(client: Callable[[str], Any], service: Service, type_: str) -> None:
    service.answer({"message": "words"}, 404, x_amzn_ErrorType=type_)
    with pytest.raises(NotFoundAtAwsError) as caught:
        ask_aws("asking", lambda: client("kafka").describe_cluster_v2(ClusterArn=CLUSTER))
    assert caught.value.code == "NotFoundException"


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, {}),
        (503, b"busy"),
        (400, {"__type": "ThrottlingException"}),
        (429, {"__type": "TooManyRequestsException"}),
    ],
)
def test_a_transient_refusal_is_asked_again_once(
    client: Callable[[str], Any], service: Service, status: int, content: Any
) -> None:
    service.answer(content, status)
    service.answer({"SecretString": "hush"})
    assert client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "hush"
    service.answer(content, status)
    service.answer(content, status)
    with pytest.raises(AwsError):
        ask_aws("asking", lambda: client("secretsmanager").get_secret_value(SecretId="s"))
    assert len(service.requests) == 4


def test_an_answer_that_is_no_json_is_no_answer(service: Service) -> None:
    # boto3 takes it for an answer without a secret.
    service.answer(b'{"SecretString": "hush')
    with pytest.raises(AwsError, match="no answer from AWS") as caught:
        ask_aws("asking", lambda: direct("secretsmanager", service.url).get_secret_value(SecretId="s"))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("make", [boto3_client, direct])
def test_a_peer_that_is_not_there_is_no_answer(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(AwsError, match="no answer from AWS"):
            ask_aws("asking", lambda: make("secretsmanager", url).get_secret_value(SecretId="s"))


def test_a_peer_that_is_silent_ends_in_time(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    monkeypatch.setattr(direct_client, "_READ_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = direct("secretsmanager", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(AwsError, match="no answer from AWS"):
            ask_aws("asking", lambda: client.get_secret_value(SecretId="s"))


def test_an_answer_without_end_is_not_read(service: Service) -> None:
    service.answer(b" " * (2 * 1024 * 1024))
    service.answer(b" " * (2 * 1024 * 1024))
    with pytest.raises(AwsError, match="no answer from AWS"):
        ask_aws("asking", lambda: direct("secretsmanager", service.url).get_secret_value(SecretId="s"))


def test_credentials_are_those_of_the_environment_at_each_request(
    client: Callable[[str], Any], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in ("first", "second"):
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
        service.answer({"SecretString": "hush"})
        client("secretsmanager").get_secret_value(SecretId="s")
        assert service.requests[-1][3]["X-Amz-Security-Token"] == token


def test_other_operations_are_boto3s(service: Service) -> None:
    service.answer({"Name": "s", "VersionIdsToStages": {}})
    make = functools.partial(boto3_client, "secretsmanager", service.url)
    client = DirectClient(DirectAccess("secretsmanager", service.url, REGION), make)
    assert client.describe_secret(SecretId="s")["Name"] == "s"
