"""A schema registry in the stack: who decodes, with which layer, variables, rules and permissions."""

from typing import Any

import boto3
import pytest
from botocore.validate import validate_parameters

from tests.template.stack import ACCOUNT, KEY, Stack

URL = "https://registry.example.com:8443/apis/ccompat/v7"
GLUE = ACCOUNT.format("glue", "registry/demo")
LOGIN = ACCOUNT.format("secretsmanager", "secret:login-AbCdEf")
CA = ACCOUNT.format("secretsmanager", "secret:ca-AbCdEf")
SECRETS = {"SchemaRegistrySecretArn": LOGIN, "SchemaRegistryCaSecretArn": CA, "SchemaRegistryKmsKeyArn": KEY}
BY_MAPPING = {"SchemaDecoding": "mapping", "PollerMode": "provisioned", "HeartbeatTarget": "topic:/msk/heartbeat"}
DECODING = ("ForwarderFunction", "RedriveFunction")
LAYERS = {"SchemaLayerArm64", "SchemaLayerX86"}


def about_schemas(stack: Stack, function: str) -> set[str]:
    """The statements of a function's role that a stack without a registry does not have."""
    plain = Stack(PollerMode="provisioned")
    known = {*plain.statements(function), *plain.denials(function)}
    return {*stack.statements(function), *stack.denials(function)} - known


def configurations(stack: Stack) -> list[Any]:
    return [mapping["AmazonManagedKafkaEventSourceConfig"].get("SchemaRegistryConfig") for mapping in stack.mappings()]


@pytest.mark.parametrize("mode", ["on-demand", "provisioned"])
def test_without_a_registry_the_stack_has_nothing_of_it(mode: str) -> None:
    stack = Stack(PollerMode=mode)
    assert configurations(stack) == [None, None]
    assert not LAYERS & set(stack.names("AWS::Serverless::LayerVersion"))
    for function in DECODING:
        assert about_schemas(stack, function) == set()
        assert [name for name in stack.variables(function) if name.startswith("SCHEMA")] == []
        assert stack.properties(function)["Layers"] == []
    assert len(stack.properties("FunctionSecurityGroup")["SecurityGroupEgress"]) == 2


@pytest.mark.parametrize(("architecture", "layer"), [("arm64", "SchemaLayerArm64"), ("x86_64", "SchemaLayerX86")])
def test_where_the_forwarder_decodes_it_and_the_redrive_have_the_layer_of_their_processor(
    architecture: str, layer: str
) -> None:
    stack = Stack(SchemaRegistry=URL, SchemaRegistryPort="8443", Architecture=architecture, **SECRETS)
    assert LAYERS & set(stack.names("AWS::Serverless::LayerVersion")) == {layer}
    for function in DECODING:
        assert stack.properties(function)["Layers"] == [layer]
        assert {name: text for name, text in stack.variables(function).items() if name.startswith("SCHEMA")} == {
            "SCHEMA_REGISTRY": URL,
            "SCHEMA_REGISTRY_SECRET_ARN": LOGIN,
            "SCHEMA_REGISTRY_CA_SECRET_ARN": CA,
            "SCHEMA_PARTS": "value",
        }
        assert about_schemas(stack, function) == {"ReadTheRegistrySecrets", "DecryptTheRegistrySecrets"}
        assert stack.statements(function)["ReadTheRegistrySecrets"]["Resource"] == [LOGIN, CA]
    assert configurations(stack) == [None, None]
    ports = [rule["FromPort"] for rule in stack.properties("FunctionSecurityGroup")["SecurityGroupEgress"]]
    assert ports == [443, "8443", 9092]


def test_a_registry_on_vantiq_s_port_gets_no_second_rule() -> None:
    stack = Stack(SchemaRegistry=URL, SchemaRegistryPort="8443", VantiqUrl="https://v:8443", VantiqPort="8443")
    ports = [rule["FromPort"] for rule in stack.properties("FunctionSecurityGroup")["SecurityGroupEgress"]]
    assert ports == [443, "8443", 9092]


def test_glue_is_asked_with_the_functions_role() -> None:
    stack = Stack(SchemaRegistry=GLUE)
    for function in DECODING:
        assert about_schemas(stack, function) == {"ReadSchemaVersions"}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            {"SchemaRegistry": URL, **SECRETS},
            {
                "SchemaRegistryURI": URL,
                "EventRecordFormat": "JSON",
                "SchemaValidationConfigs": [{"Attribute": "VALUE"}],
                "AccessConfigs": [
                    {"Type": "BASIC_AUTH", "URI": LOGIN},
                    {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": CA},
                ],
            },
        ),
        (
            {"SchemaRegistry": GLUE, "SchemaParts": "key-and-value"},
            {
                "SchemaRegistryURI": GLUE,
                "EventRecordFormat": "JSON",
                "SchemaValidationConfigs": [{"Attribute": "VALUE"}, {"Attribute": "KEY"}],
            },
        ),
    ],
)
def test_where_the_mapping_decodes_every_forwarded_topic_s_has_the_registry_as_lambda_takes_it(
    answers: dict[str, str], expected: dict[str, Any]
) -> None:
    stack = Stack(**answers, **BY_MAPPING)
    assert stack.refusals() == []
    # The heartbeats' mapping comes last: they name no schema.
    assert configurations(stack) == [expected, expected, None]
    client = boto3.client("lambda", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y")
    shape = client.meta.service_model.shape_for("AmazonManagedKafkaEventSourceConfig")
    validate_parameters({"SchemaRegistryConfig": expected}, shape)
    assert not LAYERS & set(stack.names("AWS::Serverless::LayerVersion"))
    for function in DECODING:
        assert [name for name in stack.variables(function) if name.startswith("SCHEMA")] == []


def test_the_pollers_permissions_on_the_registry_are_denied_to_the_code() -> None:
    forwarder = "ForwarderFunction"
    glue = Stack(SchemaRegistry=GLUE, **BY_MAPPING)
    assert about_schemas(glue, forwarder) == {"LetThePollersReadSchemas", "LeaveTheSchemasToThePollers"}
    allowed, denied = glue.statements(forwarder), glue.denials(forwarder)
    assert allowed["LetThePollersReadSchemas"]["Action"] == denied["LeaveTheSchemasToThePollers"]["Action"]
    secrets = Stack(SchemaRegistry=URL, **SECRETS, **BY_MAPPING)
    assert about_schemas(secrets, forwarder) == {
        "LetThePollersReadTheRegistrySecrets",
        "LetThePollersDecryptTheRegistrySecrets",
        "LeaveTheRegistrySecretsToThePollers",
    }
    assert secrets.denials(forwarder)["LeaveTheRegistrySecretsToThePollers"]["Resource"] == [LOGIN, CA]
    assert about_schemas(secrets, "RedriveFunction") == set()


@pytest.mark.parametrize(
    ("answers", "start"),
    [
        ({"SchemaRegistry": URL, "SchemaDecoding": "mapping"}, "SchemaDecoding mapping requires PollerMode"),
        ({"SchemaDecoding": "mapping", "PollerMode": "provisioned"}, "SchemaDecoding mapping requires SchemaRegistry"),
        ({"SchemaRegistrySecretArn": LOGIN}, "SchemaRegistrySecretArn requires SchemaRegistry"),
        ({"SchemaRegistryCaSecretArn": CA}, "SchemaRegistryCaSecretArn requires SchemaRegistry"),
        ({"SchemaParts": "key-and-value"}, "SchemaParts requires SchemaRegistry"),
        ({"SchemaRegistry": GLUE, "SchemaRegistryKmsKeyArn": KEY}, "SchemaRegistryKmsKeyArn requires"),
    ],
)
def test_what_can_t_work_is_refused_before_anything_changes(answers: dict[str, str], start: str) -> None:
    (refusal,) = Stack(**answers).refusals()
    assert refusal.startswith(start)
