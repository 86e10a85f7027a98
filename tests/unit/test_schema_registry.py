"""The registry's client: what its answers mean, and bounds for those that never end."""

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.path_causes import PathCause
from msk_toolkit.schemas.errors import RegistryError, UnfitValueError
from msk_toolkit.schemas.glue import GlueRegistry
from msk_toolkit.schemas.schema import Schema
from msk_toolkit.schemas.wire import SchemaId
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.schemas import parse_registry, registry_problems

from tests.fakes.aws_fake import FakeAws, refused
from tests.fakes.http_fake import Peer, Script, ScriptedServer
from tests.fakes.schema_registry import FakeRegistry, schema_registry
from tests.fakes.schema_world import CA, LOGIN, client

pytestmark = pytest.mark.enable_socket

FIRST = SchemaId("id", "1")
GLUE = "arn:aws:glue:eu-central-1:123456789012:registry/demo"
PASSWORD = "pa:ss wörd"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with schema_registry() as running:
        running.register("numbers", {"schema": '"int"'})
        yield running


def cause_of(url: str, seconds: float = 5) -> tuple[PathCause, str]:
    with pytest.raises(RegistryError) as error:
        client(url).schema(FIRST, Deadline(seconds))
    return error.value.cause, str(error.value)


def secret(text: str) -> Any:
    return lambda SecretId: {"SecretString": text}  # noqa: N803 - boto3's own name


def test_a_path_before_the_api_s_is_kept(registry: FakeRegistry) -> None:
    with pytest.raises(RegistryError, match="it answers 404"):
        client(f"{registry.url}/apis/ccompat/v7/").schema(FIRST, Deadline(5))
    assert registry.asked == ["GET /apis/ccompat/v7/schemas/ids/1"]


def test_the_login_comes_from_the_secret_and_is_read_again_when_it_is_refused(registry: FakeRegistry) -> None:
    registry.login = f"joe:{PASSWORD}"
    passwords = itertools.chain([PASSWORD, "old"], itertools.repeat("new"))
    made = client(
        registry.url,
        lambda SecretId: {"SecretString": json.dumps({"username": "joe", "password": next(passwords)})},  # noqa: N803
        login=True,
    )
    assert made.schema(FIRST, Deadline(5)).text == '"int"'
    registry.login = "joe:new"
    with pytest.raises(RegistryError) as error:
        made.schema(FIRST, Deadline(5))
    assert error.value.cause is PathCause.SCHEMA_REGISTRY_DENIED
    assert made.schema(FIRST, Deadline(5)).text == '"int"'
    assert PASSWORD not in repr(made)


@pytest.mark.parametrize("text", ["joe:password", '{"username": "joe"}', '{"username": "a:b", "password": "c"}'])
def test_a_secret_without_a_login_is_told_by_its_arn_alone(registry: FakeRegistry, text: str) -> None:
    with pytest.raises(RegistryError) as error:
        client(registry.url, secret(text), login=True).schema(FIRST, Deadline(5))
    assert error.value.cause is PathCause.SCHEMA_REGISTRY_DENIED
    assert LOGIN in str(error.value)
    assert "joe" not in str(error.value)


def test_a_secret_that_can_t_be_read_is_told_with_what_allows_it(registry: FakeRegistry) -> None:
    with pytest.raises(RegistryError, match="secretsmanager:GetSecretValue"):
        client(registry.url, refused("AccessDeniedException"), login=True).schema(FIRST, Deadline(5))


def test_a_ca_that_is_none_is_told(registry: FakeRegistry) -> None:
    url = registry.url.replace("http:", "https:")
    with pytest.raises(RegistryError, match=f"secret {CA}: contains a truncated certificate"):
        client(url, secret('{"certificate": "-----BEGIN CERTIFICATE-----"}'), ca=True).schema(FIRST, Deadline(5))


def test_references_are_brought_deepest_first_and_each_once(registry: FakeRegistry) -> None:
    registry.register("c", {"schema": '"C"'})
    registry.register("b", {"schema": '"B"', "references": [{"name": "c", "subject": "c", "version": 1}]})
    both = [{"name": name, "subject": name, "version": 1} for name in ("b", "c")]
    number = registry.register("a", {"schema": '"A"', "references": both})["id"]
    found = client(registry.url).schema(SchemaId("id", str(number)), Deadline(5))
    assert [reference.name for reference in found.references] == ["c", "b"]


def test_references_in_a_circle_and_without_end_are_bounded(registry: FakeRegistry) -> None:
    for number in range(150):
        following = [{"name": f"s{number + 1}", "subject": f"s{number + 1}", "version": 1}]
        registry.register(f"s{number}", {"schema": f'"S{number}"', "references": following})
    registry.register("circle", {"schema": '"R"', "references": [{"name": "r", "subject": "circle", "version": 1}]})
    made = client(registry.url)
    assert len(made.schema(SchemaId("id", str(len(registry.schemas))), Deadline(5)).references) == 1
    with pytest.raises(UnfitValueError) as error:
        made.schema(SchemaId("id", "2"), Deadline(20))
    assert error.value.code == "schema-unsupported"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"schema": 5}'),
        (200, b'{"schema": "", "schemaType": "XML"}'),
        (302, b""),
        (404, b""),
        (404, b"<html>not here</html>"),
        (404, b'{"error_code": 404}'),
        (429, b""),
        (500, b'{"error_code": 50001}'),
    ],
)
def test_whatever_does_not_say_that_there_is_no_such_schema_is_an_outage(
    registry: FakeRegistry, status: int, body: bytes
) -> None:
    registry.faults.append((status, body))
    assert cause_of(registry.url)[0] is PathCause.SCHEMA_REGISTRY_UNAVAILABLE


@pytest.mark.parametrize("code", [40401, 40402, 40403])
def test_the_registry_s_own_code_says_that_there_is_no_such_schema(registry: FakeRegistry, code: int) -> None:
    registry.faults.append((404, json.dumps({"error_code": code}).encode()))
    with pytest.raises(UnfitValueError) as error:
        client(registry.url).schema(FIRST, Deadline(5))
    assert error.value.code == "schema-unknown"


def drip(peer: Peer) -> None:
    peer.read_head()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not peer.stopping.wait(0.05):
        peer.send(b"x")


def flood(peer: Peer) -> None:
    peer.read_head()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while not peer.stopping.is_set():
        peer.send(bytes(65536))


def silence(peer: Peer) -> None:
    peer.hang()


def nonsense(peer: Peer) -> None:
    peer.read_head()
    peer.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


def half(peer: Peer) -> None:
    peer.read_head()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")


@pytest.mark.parametrize("script", [drip, flood, silence, nonsense, half])
def test_no_answer_keeps_the_forwarder_beyond_its_deadline(script: Script) -> None:
    with ScriptedServer(script) as server:
        started = time.monotonic()
        cause, text = cause_of(f"http://127.0.0.1:{server.port}", seconds=0.5)
        assert time.monotonic() - started < 3
        assert cause is PathCause.SCHEMA_REGISTRY_UNAVAILABLE
        assert "OpenSSH" not in text


@pytest.mark.parametrize(
    ("url", "server", "path"),
    [
        ("https://registry.example.com", "registry.example.com", ""),
        ("https://registry.example.com:8443/apis/ccompat/v7/", "registry.example.com:8443", "/apis/ccompat/v7"),
        ("http://10.0.0.1:8081", "10.0.0.1:8081", ""),
    ],
)
def test_a_registry_s_address_is_read_from_its_url(url: str, server: str, path: str) -> None:
    address = parse_registry(url)
    assert (address.server.authority, address.path) == (server, path)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://registry.example.com", "must begin with https: the password would be sent unencrypted"),
        ("https://joe:secret@registry.example.com", "must be the ARN of a Glue registry or a URL"),
        ("registry.example.com", "must be the ARN of a Glue registry or a URL"),
        ("https://registry.example.com?a=b", "must hold scheme, host, port and path only"),
        ("arn:aws:glue:eu-central-1:1:registry/x", "must be the ARN of a Glue registry or a URL"),
    ],
)
def test_an_address_that_can_t_be_used_is_refused_without_quoting_it(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match="must") as error:
        parse_registry(url)
    assert problem in str(error.value)
    assert "secret" not in str(error.value)


def settings(**values: Any) -> list[str]:
    return ForwarderSettings(
        vantiq_url="https://v", vantiq_token_secret_arn="s", vantiq_target="topic:/a", **values
    ).problems()


def test_settings_that_contradict_each_other_are_told_together() -> None:
    assert settings(schema_registry="https://r") == settings(schema_registry=GLUE) == []
    secrets = {"schema_registry_secret_arn": "s", "schema_registry_ca_secret_arn": "c"}
    assert [problem.split()[0] for problem in settings(**secrets)] == [name.upper() for name in secrets]
    assert all("Glue" in problem for problem in settings(schema_registry=GLUE, **secrets))
    assert settings(schema_registry="http://10.0.0.1:8081", **secrets) == [
        "SCHEMA_REGISTRY_CA_SECRET_ARN has no effect with an http URL: remove it"
    ]


@pytest.mark.parametrize(
    ("registry", "port", "problem"),
    [
        ("https://r", 443, ""),
        ("https://r", 0, ""),
        ("", 8081, ""),
        (GLUE, 443, ""),
        ("https://r:8443", 443, "SchemaRegistry means port 8443 and SchemaRegistryPort is 443: set SchemaRegistryPort"),
        (GLUE, 8081, "SchemaRegistry means port 443"),
        ("http://r", 80, "SchemaRegistry must begin with https"),
    ],
)
def test_a_deployment_with_another_port_than_the_registry_s_is_refused(registry: str, port: int, problem: str) -> None:
    found = list(registry_problems(registry, port, {"SchemaRegistrySecretArn": "", "SchemaRegistryCaSecretArn": ""}))
    assert bool(found) == bool(problem)
    assert problem in "".join(found)


def version(**changed: str) -> dict[str, str]:
    return {"DataFormat": "AVRO", "SchemaDefinition": '"int"', "Status": "AVAILABLE"} | changed


def of_glue(answer: Any) -> Schema:
    glue = GlueRegistry(FakeAws(get_schema_version=answer)("glue"))
    return glue.schema(SchemaId("version", "6357e0b2-0e6a-4b86-a0b4-70df934c2e31"), Deadline(5))


@pytest.mark.parametrize("kind", ["AVRO", "JSON"])
def test_glue_s_schemas_come_with_their_format(kind: str) -> None:
    assert of_glue(version(DataFormat=kind)) == Schema(kind, '"int"')  # type: ignore[arg-type]  # literals


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused("EntityNotFoundException"), "schema-unknown"),
        (refused("InvalidInputException"), "schema-unknown"),
        (version(Status="DELETING"), "schema-unknown"),
        (version(DataFormat="PROTOBUF"), "schema-unsupported"),
    ],
)
def test_what_glue_does_not_have_or_can_t_compile_is_about_the_record(answer: Any, code: str) -> None:
    with pytest.raises(UnfitValueError) as error:
        of_glue(answer)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("AccessDeniedException", PathCause.SCHEMA_REGISTRY_DENIED),
        ("ThrottlingException", PathCause.SCHEMA_REGISTRY_UNAVAILABLE),
        ("InternalServiceException", PathCause.SCHEMA_REGISTRY_UNAVAILABLE),
    ],
)
def test_what_glue_refuses_otherwise_is_an_outage(code: str, cause: PathCause) -> None:
    with pytest.raises(RegistryError) as error:
        of_glue(refused(code))
    assert error.value.cause is cause
