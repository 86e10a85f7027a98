"""Write the parts of the documentation that the code itself knows: settings, schemas, runbook.

Run `python -m docs.generate`; a test holds the committed files to what this makes.
"""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "layers" / "msk_toolkit"))

from msk_toolkit.alarms.change import SnsEvent  # noqa: E402 - found by the line above
from msk_toolkit.alarms.document import AlarmMail, PlainMail  # noqa: E402
from msk_toolkit.alarms.run import MailResponse  # noqa: E402
from msk_toolkit.connect.check import CheckResponse  # noqa: E402
from msk_toolkit.connect.request import ConnectRequest, ConnectResponse  # noqa: E402
from msk_toolkit.diagnose.report import DiagnoseRequest, DiagnoseResponse  # noqa: E402
from msk_toolkit.forward.dead_letters import DeadLetter  # noqa: E402
from msk_toolkit.forward.event import Envelope, EventRecord, KafkaEvent, PartialBatchResponse  # noqa: E402
from msk_toolkit.offsets.request import MoveOffsets, OffsetsResponse, PlanOffsets  # noqa: E402
from msk_toolkit.probe.consumer import ConsumerProbeResponse  # noqa: E402
from msk_toolkit.probe.marked_record import (  # noqa: E402
    FollowedRecord,
    FollowRecord,
    WriteRecord,
    WrittenRecord,
)
from msk_toolkit.probe.producer import ProducerProbeResponse  # noqa: E402
from msk_toolkit.probe.widget import WidgetEvent  # noqa: E402
from msk_toolkit.redrive.request import RedriveRequest, RedriveResponse  # noqa: E402
from msk_toolkit.rotation.request import RotationResponse, SourcesRequest, StepRequest  # noqa: E402
from msk_toolkit.status.event import StatusEvent  # noqa: E402
from msk_toolkit.status.model import PathStatus  # noqa: E402
from msk_toolkit.topics.declaration import Declaration  # noqa: E402
from msk_toolkit.topics.plan import Plan  # noqa: E402
from msk_toolkit.topics.relay import RelayedAnswer  # noqa: E402
from msk_toolkit.topics.request import TopicsEvent, TopicsResponse  # noqa: E402

from docs.event_schemas import (  # noqa: E402
    ANY_EVENT,
    CHECKED_TARGETS,
    CUSTOM_RESOURCE,
    NO_REQUEST,
    RELAYED_REQUEST,
    TOPICS_FUNCTION_NAME,
    Schema,
)
from docs.metrics_page import metrics_page  # noqa: E402
from docs.rate_chart import chart  # noqa: E402
from docs.roles_page import roles_page  # noqa: E402
from docs.runbook import runbook_page  # noqa: E402
from docs.settings_page import settings_page  # noqa: E402
from local.cost.counts import recorded  # noqa: E402
from local.cost.table import Language, report, with_table  # noqa: E402

_READMES: dict[str, Language] = {"README.md": "en", "README.ja.md": "ja"}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GENERATED = "<!-- Written by `python -m docs.generate`; change the code, not this file. -->"
_HTML: Schema = {
    "title": "ProbeMatrix",
    "description": "HTML without scripts; Markdown in response to describe.",
    "type": "string",
}


def documents() -> dict[str, str]:
    """Every generated file: its path from docs/ on, and its text."""
    schemas = {f"schemas/{name}.schema.json": _json(schema) for name, schema in all_schemas().items()}
    return {
        "settings.md": settings_page(_GENERATED),
        "metrics.md": metrics_page(_GENERATED),
        "cost.md": report(recorded()),
        # Of these the one table.
        **{f"../{page}": _readme(page, language) for page, language in _READMES.items()},
        "roles.md": roles_page(_GENERATED, ROOT / "template.yaml"),
        "runbook.md": runbook_page(_GENERATED),
        "images/rate-over-latency.svg": chart(),
        **schemas,
    }


def all_schemas() -> dict[str, Schema]:
    """Every schema, by its file's name."""
    return {
        **_topics_schemas(),
        "declared_topics.event": _any_of("DeclaredTopicsEvent", CUSTOM_RESOURCE, CHECKED_TARGETS, NO_REQUEST),
        "declared_topics.response": _any_of("DeclaredTopicsAnswer", TOPICS_FUNCTION_NAME, {"type": "null"}),
        "producer_probe.event": _or_any_event("ProducerProbeEvent", WriteRecord),
        "producer_probe.response": _any_of(
            "ProducerProbeAnswer", schema_of(ProducerProbeResponse), schema_of(WrittenRecord)
        ),
        "consumer_probe.event": _or_any_event("ConsumerProbeEvent", FollowRecord),
        "consumer_probe.response": _any_of(
            "ConsumerProbeAnswer", schema_of(ConsumerProbeResponse), schema_of(FollowedRecord)
        ),
        "probe_matrix.event": schema_of(WidgetEvent),
        "probe_matrix.response": _HTML,
        "status.event": schema_of(StatusEvent),
        "status.response": _any_of("StatusAnswer", schema_of(PathStatus), {**_HTML, "title": "StatusPage"}),
        "alarm_mail.event": schema_of(SnsEvent),
        "alarm_mail.response": schema_of(MailResponse),
        "alarm_mail.mail": _any_of("AlarmMails", schema_of(AlarmMail), schema_of(PlainMail)),
        "forwarder.event": schema_of(KafkaEvent[EventRecord]),
        "forwarder.response": schema_of(PartialBatchResponse),
        "forwarder.envelope": schema_of(Envelope),
        "redrive.event": schema_of(RedriveRequest),
        "redrive.response": schema_of(RedriveResponse),
        "redrive.letter": schema_of(DeadLetter),
        "topics": schema_of(Declaration),
        "topics.plan": schema_of(Plan),
        "connect.event": schema_of(ConnectRequest),
        "connect.response": _any_of("ConnectAnswer", schema_of(ConnectResponse), schema_of(CheckResponse)),
        "scram_rotation.event": _any_of("RotationEvent", schema_of(StepRequest), schema_of(SourcesRequest)),
        "scram_rotation.response": schema_of(RotationResponse),
        "diagnose.event": schema_of(DiagnoseRequest),
        "diagnose.response": schema_of(DiagnoseResponse),
    }


def _topics_schemas() -> dict[str, Schema]:
    requests = [schema_of(model) for model in (TopicsEvent, PlanOffsets, MoveOffsets)]
    responses = [schema_of(model) for model in (TopicsResponse, OffsetsResponse, RelayedAnswer)]
    return {
        "topics.event": _any_of("TopicsEvent", *requests, CUSTOM_RESOURCE, RELAYED_REQUEST),
        "topics.response": _any_of("TopicsAnswer", *responses, {"type": "null"}),
    }


def schema_of(model: Any) -> Schema:
    """The JSON Schema of a msgspec type."""
    return msgspec.json.schema(model)


def _readme(page: str, language: Language) -> str:
    return with_table((ROOT / page).read_text(encoding="utf-8"), recorded(), language)


def main() -> None:
    """Write every document below docs/."""
    for name, text in documents().items():
        path = ROOT / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _any_of(title: str, *schemas: Schema) -> Schema:
    definitions: dict[str, Any] = {}
    for schema in schemas:
        definitions |= schema.get("$defs", {})
    alternatives = [{key: value for key, value in schema.items() if key != "$defs"} for schema in schemas]
    return {"title": title, "anyOf": alternatives, "$defs": definitions}


def _or_any_event(title: str, request: type[msgspec.Struct]) -> Schema:
    """What is asked for by an action, or an event without one, in which nothing is looked at."""
    return _any_of(title, schema_of(request), {**ANY_EVENT, "not": {"required": ["action"]}})


def _json(schema: Schema) -> str:
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
