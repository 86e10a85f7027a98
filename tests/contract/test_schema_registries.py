"""Values of real serializers, decoded by a registry: a stand-in, or a real one that SCHEMA_REGISTRY_URL names.

The serializers are Confluent's and, for Glue, the one of PyPI's aws-glue-schema-registry, in an environment of their
own. `make registries` runs this with Apicurio Registry.
"""

import json
import os
import ssl
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.decoding import RecordDecoding, record_decoding
from msk_toolkit.schemas.errors import RegistryError, UnfitValueError
from msk_toolkit.schemas.wire import SchemaId
from msk_toolkit.settings.forwarder import ForwarderSettings

from tests.fakes.aws_fake import FakeAws
from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import record
from tests.fakes.schema_registry import schema_registry
from tests.fakes.schema_world import client

pytestmark = pytest.mark.xdist_group("schema-registries")

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".tools" / "schema-producers" / "bin" / "python"
REGION = "eu-central-1"
GLUE = f"arn:aws:glue:{REGION}:123456789012:registry/default-registry"
NOT_THERE = "00000000-0000-4000-8000-000000000000"

type Case = dict[str, Any]

AN_ORDER = {
    "id": 9007199254740993,
    "price": "-12.50",
    "at": "2026-11-29T01:02:03.000004Z",
    "day": "2026-11-29",
    "key": "6357e0b2-0e6a-4b86-a0b4-70df934c2e31",
    "raw": "AP8=",
    "ratio": "Infinity",
    "note": None,
    "tags": ["a", "ü"],
    "state": "PAID",
}
LABEL = {"key": "k", "valueType": "INT64", "description": ""}
MESSAGES: dict[str, dict[str, Any]] = {
    "protobuf": {"currencyCode": "", "units": "9007199254740993", "nanos": 5},
    "protobuf, a nested message": {"ingestDelay": "3s", "launchStage": "LAUNCH_STAGE_UNSPECIFIED"},
    "protobuf with references": {"name": "m", "labels": [LABEL]},
}


@pytest.fixture(scope="module")
def glue() -> Iterator[Any]:
    """boto3's client of a Glue that knows one schema, in moto."""
    with mock_aws():
        yield boto3.client("glue", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    real = os.environ.get("SCHEMA_REGISTRY_URL")
    if real:
        yield real
        return
    with schema_registry() as registry:
        yield registry.url


@pytest.fixture(scope="module")
def cases(url: str) -> dict[str, Case]:
    if not PYTHON.exists():
        pytest.skip("the serializers are missing: make .tools/schema-producers/ready")
    script = ROOT / "tests" / "contract" / "schema_producers.py"
    made = subprocess.run(
        [str(PYTHON), str(script), url, NOT_THERE], capture_output=True, text=True, timeout=60, check=False
    )
    assert made.returncode == 0, made.stderr
    produced: dict[str, Case] = json.loads(made.stdout)
    return produced


def decoding(registry: str, **clients: Any) -> RecordDecoding:
    settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", schema_registry=registry)
    return record_decoding(settings, lambda service: clients.get(service, FakeAws()), sleep=lambda _: None)


def delivered(case: Case, by: RecordDecoding) -> dict[str, Any]:
    """The envelope in Vantiq of a record with this value and these headers."""
    entry = record(0, b64decode(case["value"]))
    # As the mapping has them: Java's bytes are signed.
    entry["headers"] = [
        {name: [octet - 256 if octet > 127 else octet for octet in b64decode(content)]}
        for name, content in case["headers"].items()
    ]
    line = ForwarderHarness(decoding=by)
    outcome = line.forward(entry)
    assert outcome.failures == []
    assert line.letters.letters == {}
    (envelope,) = line.vantiq.taken
    return dict(envelope)


def test_avro_arrives_as_json_with_every_logical_type_readable(url: str, cases: dict[str, Case]) -> None:
    envelope = delivered(cases["avro"], decoding(url))
    assert envelope["value"] == AN_ORDER
    assert envelope["valueEncoding"] == "json"
    number = str(int.from_bytes(b64decode(cases["avro"]["value"])[1:5]))
    assert envelope["valueSchemaMetadata"] == {"dataFormat": "AVRO", "schemaId": number}


def test_avro_that_refers_to_another_schema_arrives_as_json(url: str, cases: dict[str, Case]) -> None:
    assert delivered(cases["avro with a reference"], decoding(url))["value"] == {"to": {"name": "Ada"}}


def test_a_schema_whose_guid_is_in_a_header_is_found(url: str, cases: dict[str, Case]) -> None:
    if "avro with its id in a header" not in cases:
        assert "SCHEMA_REGISTRY_URL" in os.environ, "the stand-in has GUIDs"
        pytest.skip("this registry has no GUIDs")
    envelope = delivered(cases["avro with its id in a header"], decoding(url))
    assert envelope["value"] == AN_ORDER
    assert len(envelope["valueSchemaMetadata"]["schemaId"]) == 36


def test_json_with_a_schema_arrives_as_it_was_written(url: str, cases: dict[str, Case]) -> None:
    envelope = delivered(cases["json"], decoding(url))
    assert envelope["value"] == {"id": 1, "to": "ü"}
    assert envelope["valueSchemaMetadata"]["dataFormat"] == "JSON"
    assert delivered(cases["json with a reference"], decoding(url))["value"] == {"to": "Ada"}


@pytest.mark.parametrize("name", MESSAGES)
def test_protobuf_arrives_in_its_own_json_mapping(url: str, cases: dict[str, Case], name: str) -> None:
    value = delivered(cases[name], decoding(url))["value"]
    assert {field: value[field] for field in MESSAGES[name]} == MESSAGES[name]


def test_what_glue_s_serializer_writes_arrives_as_json(cases: dict[str, Case], glue: Any) -> None:
    glue.create_registry(RegistryName="default-registry")
    version = glue.create_schema(
        RegistryId={"RegistryName": "default-registry"},
        SchemaName="orders",
        DataFormat="AVRO",
        Compatibility="NONE",
        SchemaDefinition=cases["glue"]["schema"],
    )["SchemaVersionId"]
    # The serializer was told another id, since Glue chooses its own.
    octets = b64decode(cases["glue"]["value"]).replace(bytes.fromhex(NOT_THERE.replace("-", "")), _octets(version))
    case = {"value": _base64(octets), "headers": {}}
    envelope = delivered(case, decoding(GLUE, glue=glue))
    assert envelope["value"] == AN_ORDER
    assert envelope["valueSchemaMetadata"] == {"dataFormat": "AVRO", "schemaId": version}


def test_a_schema_that_glue_does_not_know_makes_a_dead_letter(cases: dict[str, Case], glue: Any) -> None:
    line = ForwarderHarness(decoding=decoding(GLUE, glue=glue))
    outcome = line.forward(record(0, b64decode(cases["glue"]["value"])), record(1))
    assert (outcome.delivered, outcome.dead_lettered) == (1, 1)
    (refused,) = outcome.lanes[0].refused
    assert refused.code == "schema-unknown"


def test_an_id_that_the_registry_does_not_know_is_told_from_a_wrong_address(url: str) -> None:
    with pytest.raises(UnfitValueError) as unknown:
        client(url).schema(SchemaId("id", "999999"), Deadline(10))
    assert unknown.value.code == "schema-unknown"
    with pytest.raises(RegistryError, match="it answers 404"):
        client(url + "/elsewhere").schema(SchemaId("id", "1"), Deadline(10))


def test_a_registry_with_a_private_ca_is_trusted_by_the_certificate_in_its_secret(certificates: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    text = (certificates / "ca.pem").read_text()
    with schema_registry(context=context) as running:
        running.register("numbers", {"schema": '"int"'})
        for kept in (text, json.dumps({"certificate": text})):
            trusting = client(running.url, {"SecretString": kept}, ca=True)
            assert trusting.schema(SchemaId("id", "1"), Deadline(10)).text == '"int"'
        with pytest.raises(RegistryError, match="certificate is not trusted"):
            client(running.url).schema(SchemaId("id", "1"), Deadline(10))


def _octets(version: str) -> bytes:
    return bytes.fromhex(version.replace("-", ""))


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode()
