"""The committed documents are what the code says, and samples and answers fit the schemas."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError
from msk_toolkit.causes import Cause
from msk_toolkit.forward.event import BatchItemFailure, ItemIdentifier, PartialBatchResponse
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.heartbeat import MissingHeartbeats
from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.report import BrokerReport
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.settings.catalogue import MODELS
from msk_toolkit.stage import Stage
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.plan import plan
from msk_toolkit.topics.render import render_topics
from msk_toolkit.topics.request import TopicsResponse

from docs.generate import all_schemas, documents
from docs.settings_page import SETTINGS
from tests.template.stack import with_every_function

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SAMPLES = {
    "topics-plan": "topics",
    "topics-apply": "topics",
    "topics-check": "topics",
    "topics-export": "topics",
    "topics-delete": "topics",
    "declared_topics": "declared_topics",
    "producer_probe": "producer_probe",
    "consumer_probe": "consumer_probe",
    "probe_matrix": "probe_matrix",
    "probe_matrix-describe": "probe_matrix",
    "status": "status",
    "status-describe": "status",
    "status-watch": "status",
    "alarm_mail": "alarm_mail",
    "forwarder": "forwarder",
    "redrive-list": "redrive",
    "redrive-replay": "redrive",
    "connect-describe": "connect",
    "connect-register": "connect",
    "connect-check": "connect",
    "diagnose": "diagnose",
    "scram_rotation": "scram_rotation",
    "scram_rotation-sources": "scram_rotation",
}
ENVIRONMENT = "env.example"
RESOURCES = {
    "topics": "TopicsFunction",
    "declared_topics": "DeclaredTopicsFunction",
    "producer_probe": "ProducerProbeFunction",
    "consumer_probe": "ConsumerProbeFunction",
    "probe_matrix": "ProbeMatrixFunction",
    "status": "StatusFunction",
    "alarm_mail": "AlarmMailFunction",
    "forwarder": "ForwarderFunction",
    "redrive": "RedriveFunction",
    "connect": "ConnectFunction",
    "diagnose": "DiagnoseFunction",
    "scram_rotation": "ScramRotationFunction",
}
# Of which a function reads some for some of its actions only.
ALSO_READS = {function: models[1:] for function, models in MODELS.items()}


def check(name: str, instance: Any) -> None:
    schema = json.loads((DOCS / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator(schema).validate(instance)


@pytest.mark.parametrize("name", documents())
def test_a_committed_document_is_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == documents()[name], "run python -m docs.generate"


def test_no_schema_is_left_over() -> None:
    committed = {path.name for path in (DOCS / "schemas").iterdir()}
    assert committed == {f"{name}.schema.json" for name in all_schemas()}


@pytest.mark.parametrize("name", all_schemas())
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(all_schemas()[name])


def test_every_function_has_its_settings_and_schemas() -> None:
    functions = {path.name for path in (ROOT / "functions").iterdir() if (path / f"{path.name}.py").exists()}
    assert set(SETTINGS) == functions
    assert {f"{name}.{kind}" for name in functions for kind in ("event", "response")} < set(all_schemas())


def test_every_variable_is_described() -> None:
    page = (DOCS / "settings.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert not [row for row in rows if row.endswith("|  |")]
    for model in SETTINGS.values():
        for field in msgspec.structs.fields(model):
            assert f"| `{field.name.upper()}` |" in page


@pytest.mark.parametrize(("sample", "function"), SAMPLES.items())
def test_a_sample_event_fits_its_schema(sample: str, function: str) -> None:
    check(f"{function}.event", json.loads((ROOT / "events" / f"{sample}.json").read_text()))


def test_every_sample_is_checked() -> None:
    assert {path.stem for path in (ROOT / "events").glob("*.json")} == {*SAMPLES, ENVIRONMENT}


def test_the_sample_environment_names_only_variables_that_a_function_of_the_template_has() -> None:
    found = json.loads((ROOT / "events" / f"{ENVIRONMENT}.json").read_text())
    proxy = {"VantiqProxy": "http://proxy:1", "VantiqProxySecretArn": "arn", "NoProxy": "*"}
    stack = with_every_function(**proxy)
    named = {name for resource in RESOURCES.values() for name in stack.variables(resource)}
    assert set(found["Parameters"]) <= named | {"AWS_ENDPOINT_URL"}


def test_the_declared_topics_fit_their_schema() -> None:
    check("topics", yaml.safe_load((ROOT / "topics.yaml").read_text()))
    malformed: list[Any] = [{"topics": [{"partitions": 1}]}, {"topics": [], "more": 1}, {"topics": {}}]
    for wrong in malformed:
        with pytest.raises(ValidationError):
            check("topics", wrong)


def test_cloudformations_event_fits_and_a_misspelt_action_does_not() -> None:
    event = {
        "RequestType": "Create",
        "ResponseURL": "https://signed",
        "StackId": "arn",
        "RequestId": "r",
        "LogicalResourceId": "AppliedTopics",
        "ResourceType": "Custom::DeclaredTopics",
        "ResourceProperties": {"ServiceToken": "arn", "CodeVersion": "arn:1"},
    }
    check("topics.event", event)
    check("declared_topics.event", event)
    relayed = {name: value for name, value in event.items() if name != "ResponseURL"}
    check("topics.event", relayed | {"AnswerWithinSeconds": 75.0, "RollsBack": None})
    for wrong in ({"action": "aply"}, {"acton": "plan"}, event | {"RequestType": "Look"}):
        with pytest.raises(ValidationError):
            check("topics.event", wrong)


STAGES = [
    StageResult(Stage.TCP, "ok", 1.5, 5000.0),
    StageResult(Stage.TLS, "failed", 2.0, 5000.0, Cause.TLS_FAILED, "d", "r"),
]
REPORTS = [BrokerReport(1, "b-1:9096", STAGES[:1]), BrokerReport(None, "b-2:9096", STAGES)]
FOUND = plan(
    [DeclaredTopic("a", 1, 1), DeclaredTopic("b", 1, 1)], ObservedTopics(3, {"a": ObservedTopic("a", 2, 1, {})}, ["c"])
)


MISSING = MissingHeartbeats(partition=0, writer="a1b2", first=2, last=3, before_offset=17)
LAG = GroupLag("orders", 3, None, "1 partitions have no leader in reach")


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("topics", TopicsResponse("plan", "planned", render_topics(FOUND, [], []), FOUND)),
        ("topics", TopicsResponse("delete", "refused", "table", problems=["not empty"])),
        ("producer_probe", ProducerProbeResponse(judge_brokers(REPORTS), REPORTS, 1, 2, "table")),
        ("producer_probe", ProducerProbeResponse(judge_brokers([]), [], 0, 0, "")),
        (
            "consumer_probe",
            ConsumerProbeResponse(judge_brokers(REPORTS[:1]), REPORTS[:1], 3, None, {"t-0": 3}, 0, 0, [], 0, [], ""),
        ),
        ("consumer_probe", ConsumerProbeResponse(judge_brokers([]), [], 3, 7, {}, 0, 2, [MISSING], 1, [LAG], "")),
        ("forwarder", PartialBatchResponse([BatchItemFailure(ItemIdentifier("orders-0", 4711))])),
        ("forwarder", PartialBatchResponse([])),
    ],
)
def test_a_response_fits_its_schema(name: str, response: msgspec.Struct) -> None:
    check(f"{name}.response", json.loads(msgspec.json.encode(response)))


@pytest.mark.parametrize("function", RESOURCES)
def test_the_template_gives_a_function_what_it_needs_and_nothing_that_it_does_not_know(function: str) -> None:
    given = set(with_every_function().variables(RESOURCES[function]))
    models = (SETTINGS[function], *ALSO_READS.get(function, ()))
    fields = [field for model in models for field in msgspec.structs.fields(model)]
    assert given <= {field.name.upper() for field in fields} | {"ADVANCED_SETTINGS"}
    assert {field.name.upper() for field in fields if field.required} <= given
