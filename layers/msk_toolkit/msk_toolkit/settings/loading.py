"""A function's environment variables and events as typed models; all mistakes are reported at once."""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import (
    Annotated,
    Any,
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
from msk_toolkit.settings.complaints import complaint
from msk_toolkit.settings.plain import is_text, plain_problems, shown_name
from msk_toolkit.settings.renamed import RENAMED, texts_by_current_name

# SAM sets it in the containers of `sam local`.
_SAM_LOCAL = "AWS_SAM_LOCAL"


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
    given = tuple(map(environ.get, _variables_of(model)))
    last = _LOADED.get(model)
    if last is not None and last[0] == given:
        return last[1]  # type: ignore[no-any-return]  # what was made of these texts
    settings = _load(model, environ)
    _LOADED[model] = (given, settings)
    return settings


# By model: the texts that the last settings were made of, and those settings. Reading each invocation's anew takes
# longer than most requests.
_LOADED: dict[type, tuple[tuple[str | None, ...], Any]] = {}


@functools.cache
def _variables_of(model: type[msgspec.Struct]) -> tuple[str, ...]:
    """Every variable that settings of a model may come from."""
    return (*_fields_of(model), *RENAMED, VARIABLE)


def _load[Settings: msgspec.Struct](model: type[Settings], environ: Mapping[str, str]) -> Settings:
    problems: list[str] = []
    texts = _texts(_fields_of(model), environ, problems)
    problems += _missing(model, texts)
    values = read_values(model, texts, problems)
    if problems:
        raise ConfigurationError("settings", [*problems, *_hint(problems, environ)])
    settings = model(**values)
    _check_rules(settings, environ)
    return settings


def _missing(model: type[msgspec.Struct], texts: Mapping[str, str]) -> list[str]:
    required = [variable for variable, field in _fields_of(model).items() if field.required]
    return [f"{variable} is missing" for variable in required if variable not in texts]


def _check_rules(settings: msgspec.Struct, environ: Mapping[str, str]) -> None:
    if isinstance(settings, CheckedModel) and (problems := settings.problems()):
        raise ConfigurationError("settings", [*problems, *_hint(problems, environ)])


def _hint(problems: Iterable[str], environ: Mapping[str, str]) -> list[str]:
    """Under ``sam local invoke``, which fills in no parameter without a default, what to add to the command."""
    if environ.get(_SAM_LOCAL) and any("is missing" in problem for problem in problems):
        return ["sam local invoke fills in none of the stack's values: add --env-vars env.local.json (docs/local.md)"]
    return []


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
        if not is_text(texts[variable]):
            problems.append(f"{variable} holds half of a surrogate pair, which is not text: correct it")
            continue
        try:
            values[field.name] = msgspec.convert(texts[variable], field.hint, strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{variable}: {complaint(error, field.hint)}")
    return values


def read_event[Request: msgspec.Struct](
    event: Any, model: type[Request], example: str, unchecked: Collection[str] = ()
) -> Request:
    """An invocation's event as a request.

    Args:
        example: a valid event, quoted in the error if the event is not an object.
        unchecked: entries whose content is checked part by part, when it is read.

    Raises:
        ConfigurationError: with every unknown, missing or malformed entry.
    """
    problems = [*plain_problems(event, but=unchecked), *_problems(event, model, "", example)]
    if problems:
        raise ConfigurationError("event", problems)
    return msgspec.convert(event, model)


def _problems(given: Any, model: type[msgspec.Struct], path: str, example: str) -> Iterator[str]:
    if not isinstance(given, dict):
        yield _not_an_object(path, example)
        return
    hints = get_type_hints(model, include_extras=True)
    fields = msgspec.structs.fields(model)
    known = [field.encode_name for field in fields]
    yield from _unknown_entries(given, known, path)
    for field in fields:
        yield from _problems_of_field(given, field, hints[field.name], path, example)


def _not_an_object(path: str, example: str) -> str:
    if path:
        return f"{path.removesuffix('.')} must be an object"
    return f"must be an object such as {example}"


def _unknown_entries(given: Iterable[str], known: Collection[str], path: str) -> Iterator[str]:
    for name in given:
        if name not in known:
            yield f"{path}{shown_name(name)} is not known; known are {', '.join(known)}"


def _problems_of_field(
    given: Mapping[str, Any], field: msgspec.structs.FieldInfo, hint: Any, path: str, example: str
) -> Iterator[str]:
    name = field.encode_name
    if name in given:
        yield from _problems_of_entry(given[name], hint, f"{path}{name}", example)
    elif field.required:
        yield f"{path}{name} is missing"


def _problems_of_entry(value: Any, hint: Any, path: str, example: str) -> Iterator[str]:
    plain = _plain(hint)
    if _is_struct(plain):
        return _problems(value, plain, f"{path}.", example)
    return _problems_of_value(value, hint, path)


def _problems_of_value(value: Any, hint: Any, path: str) -> Iterator[str]:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        yield f"{path}: {complaint(error, hint)}"
    except (UnicodeEncodeError, RecursionError):
        pass  # named by plain_problems, which looks deeper


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _plain(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        return get_args(hint)[0]
    return hint
