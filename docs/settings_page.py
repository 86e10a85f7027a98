"""docs/settings.md: the variables of each function, out of their models."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import inspect
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.advanced import PARAMETERS, is_advanced
from msk_toolkit.settings.catalogue import MODELS
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.renamed import RENAMED
from msk_toolkit.settings.vantiq import VantiqSettings

from docs.tables import cell
from docs.target_kinds import target_kinds_section

# What a function always reads.
SETTINGS: dict[str, type[msgspec.Struct]] = {function: models[0] for function, models in MODELS.items()}
# What a function reads for some of its actions only.
FURTHER_SETTINGS: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "connect": ("plan, register and check", VantiqSettings),
    "scram_rotation": ("finishSecret and sources", VantiqSettings),
}
# Functions that read more than one set of variables.
_BESIDE = {
    "redrive": "It sends as the forwarder does and reads the forwarder's variables for that. To fetch records from "
    "Kafka again it reads those that every function with access to the brokers has, from `CLUSTER_ARN` to "
    "`STAGE_TIMEOUT_SECONDS`."
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


def settings_page(generated: str) -> str:
    """docs/settings.md; ``generated`` is the line that says so."""
    lines = [
        "# Environment variables",
        "",
        generated,
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
    return "\n".join([*lines, _AWS_VARIABLES, *_old_names(), *target_kinds_section()])


def _old_names() -> Iterator[str]:
    yield "## Old names"
    yield ""
    yield "An old name works until the version that removes it, with a warning in the log. Setting both is an error."
    yield ""
    yield "| Old name | Current name | Removed in |"
    yield "| --- | --- | --- |"
    for old, renamed in RENAMED.items():
        yield f"| `{old}` | `{renamed.name}` | {renamed.removed_in} |"
    yield ""


def _table(function: str, model: type[msgspec.Struct]) -> Iterator[str]:
    yield "| Variable | Kind | Default | In a stack | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for field in msgspec.structs.fields(model):
        default = "**required**" if field.required else _default(field.default)
        plain, meaning = _plain(inspect.type_info(field.type))
        variable = field.name.upper()
        source = _source(function, variable)
        yield f"| `{variable}` | {_kind(plain)} | {default} | {source} | {cell(meaning)} |"


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
