"""A function's environment variables and events as typed models; all mistakes are reported at once."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Protocol,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

import msgspec

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.advanced import VARIABLE, parse_advanced
from msk_toolkit.settings.renamed import texts_by_current_name


@runtime_checkable
class CheckedModel(Protocol):
    """A model with rules across its fields."""

    def problems(self) -> list[str]:
        """Each broken rule, in a sentence."""
        ...


def load[Settings: msgspec.Struct](model: type[Settings], environ: Mapping[str, str]) -> Settings:
    """Read ``model`` from environment variables named like its fields, in capitals.

    Settings without a parameter of their own may be in ``ADVANCED_SETTINGS`` (:mod:`msk_toolkit.settings.advanced`).
    An empty variable counts as absent, because a template passes an unused parameter as an empty string. A variable
    under its old name (:mod:`msk_toolkit.settings.renamed`) counts as if it had the current one.

    Raises:
        ConfigurationError: with every missing, malformed or contradictory variable.
    """
    problems: list[str] = []
    fields = _fields_of(model)
    texts = _texts(fields, environ, problems)
    problems += [
        f"{variable} is missing" for variable, field in fields.items() if field.required and variable not in texts
    ]
    values = read_values(model, texts, problems)
    if problems:
        raise ConfigurationError("settings", problems)
    settings = model(**values)
    if isinstance(settings, CheckedModel):
        problems = settings.problems()
    if problems:
        raise ConfigurationError("settings", problems)
    return settings


class _Field(NamedTuple):
    name: str
    hint: Any
    required: bool


@functools.cache
def _fields_of(model: type[msgspec.Struct]) -> Mapping[str, _Field]:
    """A model's fields by their variables; each invocation asks, and the answer costs a millisecond."""
    hints = get_type_hints(model, include_extras=True)
    return {
        field.name.upper(): _Field(field.name, hints[field.name], field.required)
        for field in msgspec.structs.fields(model)
    }


def _texts(names: Iterable[str], environ: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    texts = texts_by_current_name(names, environ, problems)
    advanced = parse_advanced(environ.get(VARIABLE, ""), problems)
    for name in names:
        if name in texts and name in advanced:
            problems.append(f"{name} is set both as a variable and in {VARIABLE}: remove one of them")
        elif name in advanced:
            texts[name] = advanced[name]
    # What is left in `advanced` belongs to other functions.
    return texts


def read_values(model: type[msgspec.Struct], texts: Mapping[str, str], problems: list[str]) -> dict[str, object]:
    """The values of a model's fields out of texts, by the fields' names; what has no text is left out.

    Args:
        texts: by variable; those that the model has no field for are passed over.
        problems: gets a sentence for each malformed text.
    """
    values: dict[str, object] = {}
    for variable, field in _fields_of(model).items():
        if variable not in texts:
            continue
        try:
            values[field.name] = msgspec.convert(texts[variable], field.hint, strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{variable}: {_complaint(field.hint, error)}")
    return values


def read_event[Request: msgspec.Struct](event: Any, model: type[Request], example: str) -> Request:
    """An invocation's event as a request.

    Args:
        example: a valid event, quoted in the error if the event is not an object.

    Raises:
        ConfigurationError: with every unknown, missing or malformed entry.
    """
    problems = list(_problems(event, model, "", example))
    if problems:
        raise ConfigurationError("event", problems)
    return msgspec.convert(event, model)


def _problems(given: Any, model: type[msgspec.Struct], path: str, example: str) -> Iterator[str]:
    if not isinstance(given, dict):
        yield f"{path.removesuffix('.')} must be an object" if path else f"must be an object such as {example}"
        return
    hints = get_type_hints(model, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(model)}
    for name in given:
        if name not in fields:
            yield f"{path}{name} is not known; known are {', '.join(fields)}"
    for name, field in fields.items():
        hint = hints[field.name]
        if name not in given:
            if field.required:
                yield f"{path}{name} is missing"
        elif _is_struct(plain := _plain(hint)):
            yield from _problems(given[name], plain, f"{path}{name}.", example)
        else:
            yield from _problems_of_value(given[name], hint, f"{path}{name}")


def _problems_of_value(value: Any, hint: Any, path: str) -> Iterator[str]:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        yield f"{path}: {_complaint(hint, error)}"


def _complaint(hint: Any, error: msgspec.ValidationError) -> str:
    # The value may be a secret that was pasted in the wrong place, so no message quotes it. msgspec quotes values of a
    # choice only.
    plain = _plain(hint)
    if get_origin(plain) is Literal:
        return f"must be one of {', '.join(map(str, get_args(plain)))}"
    message = str(error)
    return message[0].lower() + message[1:]


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint
