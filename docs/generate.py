"""Write the parts of the documentation that the code itself knows: settings, schemas, causes.

Run `python -m docs.generate`; a test holds the committed files to what this makes.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "layers" / "msk_toolkit"))

from msk_toolkit.causes import Cause  # noqa: E402 - found by the line above
from msk_toolkit.connect.check import CheckResponse  # noqa: E402
from msk_toolkit.connect.request import ConnectRequest, ConnectResponse  # noqa: E402
from msk_toolkit.diagnose.report import DiagnoseRequest, DiagnoseResponse  # noqa: E402
from msk_toolkit.errors import ConfigurationError  # noqa: E402
from msk_toolkit.forward.dead_letters import DeadLetter  # noqa: E402
from msk_toolkit.forward.event import Envelope, EventRecord, KafkaEvent, PartialBatchResponse  # noqa: E402
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
from msk_toolkit.settings.advanced import PARAMETERS, is_advanced  # noqa: E402
from msk_toolkit.settings.catalogue import MODELS  # noqa: E402
from msk_toolkit.settings.loading import load  # noqa: E402
from msk_toolkit.settings.vantiq import VantiqSettings  # noqa: E402
from msk_toolkit.topics.declaration import Declaration  # noqa: E402
from msk_toolkit.topics.plan import Plan  # noqa: E402
from msk_toolkit.topics.relay import RelayedAnswer  # noqa: E402
from msk_toolkit.topics.request import TopicsEvent, TopicsResponse  # noqa: E402

from docs.event_schemas import (  # noqa: E402
    ANY_EVENT,
    CUSTOM_RESOURCE,
    NO_REQUEST,
    RELAYED_REQUEST,
    TOPICS_FUNCTION_NAME,
    Schema,
)
from docs.runbook import runbook_page  # noqa: E402
from docs.target_kinds import target_kinds_section  # noqa: E402
from local.cost.counts import recorded  # noqa: E402
from local.cost.table import Language, report, with_table  # noqa: E402

# What a function always reads.
SETTINGS: dict[str, type[msgspec.Struct]] = {function: models[0] for function, models in MODELS.items()}
# What a function reads for some of its actions only.
FURTHER_SETTINGS: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "connect": ("plan, register and check", VantiqSettings)
}
_READMES: dict[str, Language] = {"README.md": "en", "README.ja.md": "ja"}
# Functions that read more than one set of variables.
_BESIDE = {
    "redrive": "It sends as the forwarder does and reads the forwarder's variables for that. To fetch records from "
    "Kafka again it reads those that every function with access to the brokers has, from `CLUSTER_ARN` to "
    "`STAGE_TIMEOUT_SECONDS`."
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GENERATED = "<!-- Written by `python -m docs.generate`; change the code, not this file. -->"
_HTML: Schema = {
    "title": "ProbeMatrix",
    "description": "HTML without scripts; Markdown in response to describe.",
    "type": "string",
}
_AWS_VARIABLES = """\
## For every function

Lambda sets Region, credentials and name. To run a handler elsewhere, set them as for any program that uses boto3.

| Variable | Meaning |
| --- | --- |
| `AWS_DEFAULT_REGION` | Region of the AWS APIs. Lambda also sets `AWS_REGION`, which boto3 does not read. |
| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | Credentials; boto3's other sources also work. |
| `AWS_ENDPOINT_URL` | Endpoint to use instead of AWS, such as `http://127.0.0.1:4566`. |
| `AWS_LAMBDA_FUNCTION_NAME` | Function name in logs and metrics. |
| `POWERTOOLS_LOG_LEVEL` | Level of the function's own log, by default `INFO`; libraries stay at `WARNING`. |
"""


_IN_A_STACK = """\
The column *In a stack* says what sets a variable of a deployed function: a parameter of the stack, the template
itself (names of other resources), or the one parameter `AdvancedSettings` for everything else. That is a JSON object,
for all functions together:

```sh
sam deploy --parameter-overrides 'AdvancedSettings="{\\"MAX_IN_FLIGHT\\": 16, \\"STAGE_TIMEOUT_SECONDS\\": 10}"'
```

Each function reads its own settings from it. A setting that no function knows, one that has a parameter of its own and
a value that is out of bounds are refused before a topic is touched, all at once.""".splitlines()


def documents() -> dict[str, str]:
    """Every generated file: its path from docs/ on, and its text."""
    schemas = {f"schemas/{name}.schema.json": _json(schema) for name, schema in all_schemas().items()}
    return {
        "settings.md": settings_page(),
        "causes.md": causes_page(),
        "cost.md": report(recorded()),
        # Of these the one table.
        **{f"../{page}": _readme(page, language) for page, language in _READMES.items()},
        "runbook.md": runbook_page(_GENERATED),
        **schemas,
    }


def all_schemas() -> dict[str, Schema]:
    """Every schema, by its file's name."""
    return {
        "topics.event": _any_of("TopicsEvent", schema_of(TopicsEvent), CUSTOM_RESOURCE, RELAYED_REQUEST),
        "topics.response": _any_of(
            "TopicsAnswer", schema_of(TopicsResponse), schema_of(RelayedAnswer), {"type": "null"}
        ),
        "declared_topics.event": _any_of("DeclaredTopicsEvent", CUSTOM_RESOURCE, NO_REQUEST),
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
        "diagnose.event": schema_of(DiagnoseRequest),
        "diagnose.response": schema_of(DiagnoseResponse),
    }


def schema_of(model: Any) -> Schema:
    """The JSON Schema of a msgspec type."""
    return msgspec.json.schema(model)


def settings_page() -> str:
    """docs/settings.md."""
    lines = [
        "# Environment variables",
        "",
        _GENERATED,
        "",
        "Each function checks all of its variables in every invocation and reports everything that is wrong at once. "
        "An empty variable counts as absent.",
        "",
        *_IN_A_STACK,
        "",
    ]
    for function, model in SETTINGS.items():
        lines += [f"## {function}", "", *_table(function, model), ""]
        if function in _BESIDE:
            lines += [_BESIDE[function], ""]
        if missing := _needed(model):
            lines += ["Without any of them the function reports: " + "; ".join(missing) + ".", ""]
        if function in FURTHER_SETTINGS:
            actions, further = FURTHER_SETTINGS[function]
            lines += [f"For {actions} also:", "", *_table(function, further), ""]
    return "\n".join([*lines, _AWS_VARIABLES, *target_kinds_section()])


def causes_page() -> str:
    """docs/causes.md."""
    rows = [f"| `{cause}` | {_cell(cause.meaning)} | {cause.owner} | {_cell(cause.remedy)} |" for cause in Cause]
    head = ["# Causes", "", _GENERATED, "", "Why a stage of a probe fails, and the first step to fix it.", ""]
    return "\n".join([*head, "| Cause | Meaning | Owner | Fix |", "| --- | --- | --- | --- |", *rows, ""])


def _readme(page: str, language: Language) -> str:
    return with_table((ROOT / page).read_text(encoding="utf-8"), recorded(), language)


def main() -> None:
    """Write every document below docs/."""
    for name, text in documents().items():
        path = ROOT / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _any_of(title: str, *schemas: Schema) -> Schema:
    definitions = {name: definition for schema in schemas for name, definition in schema.get("$defs", {}).items()}
    alternatives = [{key: value for key, value in schema.items() if key != "$defs"} for schema in schemas]
    return {"title": title, "anyOf": alternatives, "$defs": definitions}


def _or_any_event(title: str, request: type[msgspec.Struct]) -> Schema:
    """What is asked for by an action, or an event without one, in which nothing is looked at."""
    return _any_of(title, schema_of(request), {**ANY_EVENT, "not": {"required": ["action"]}})


def _json(schema: Schema) -> str:
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"


def _table(function: str, model: type[msgspec.Struct]) -> Iterator[str]:
    yield "| Variable | Kind | Default | In a stack | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for field in msgspec.structs.fields(model):
        default = "**required**" if field.required else _default(field.default)
        plain, meaning = _plain(inspect.type_info(field.type))
        variable = field.name.upper()
        source = _source(function, variable)
        yield f"| `{variable}` | {_kind(plain)} | {default} | {source} | {_cell(meaning)} |"


def _source(function: str, variable: str) -> str:
    """What sets a variable of a function in a deployed stack."""
    if is_advanced(variable, function):
        return "`AdvancedSettings`"
    if variable in PARAMETERS:
        return f"`{PARAMETERS[variable]}`"
    return "the template"


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "empty" if value == "" else f"`{value}`"


def _plain(kind: inspect.Type) -> tuple[inspect.Type, str]:
    if isinstance(kind, inspect.Metadata):
        return kind.type, (kind.extra_json_schema or {}).get("description", "")
    return kind, ""


def _kind(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return ", ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        word = "integer" if isinstance(kind, inspect.IntType) else "number"
        bounds = [("above", kind.gt), ("from", kind.ge), ("below", kind.lt), ("up to", kind.le)]
        limits = [f"{name} {bound:,}" for name, bound in bounds if bound is not None]
        return ", ".join([word, *limits])
    if isinstance(kind, inspect.StrType):
        return "text"
    if isinstance(kind, inspect.BoolType):
        return "`true`, `false`"
    raise TypeError(f"no description for {kind}")


def _needed(model: type[msgspec.Struct]) -> Sequence[str]:
    try:
        load(model, {})
    except ConfigurationError as error:
        return error.problems
    return []


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
