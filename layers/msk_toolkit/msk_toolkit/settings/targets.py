"""Where in Vantiq a Kafka topic's records go: ``kind:name``, with routes per topic or pattern."""

import re
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, get_args

import msgspec

from msk_toolkit.settings.topic_names import vantiq_name

TargetKind = Literal["topic", "service", "type", "upsert", "procedure", "source"]

_PLACEHOLDER = "{topic}"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*"
# Letters, digits and slashes; these three first parts are Vantiq's own (resource guide, release 1.44).
_TOPIC = r"(?!/(?:type|property|system)(?:/|$))(/[A-Za-z0-9]+)+"
_SYNTAX: dict[TargetKind, tuple[re.Pattern[str], str]] = {
    "topic": (re.compile(_TOPIC), "/my/topic, of letters, digits and slashes"),
    "service": (re.compile(_NAME + r"/[A-Za-z_][A-Za-z0-9_]*"), "my.pkg.Service/InboundEvent"),
    "type": (re.compile(_NAME), "my.pkg.Type"),
    "upsert": (re.compile(_NAME), "my.pkg.Type"),
    "procedure": (re.compile(_NAME), "my.pkg.Service.procedure"),
    "source": (re.compile(_NAME), "my.pkg.Source"),
}
# Types take arrays as they are; topics, services and sources only with autoUnwind, procedures only by agreement.
_ARRAY_KINDS: frozenset[TargetKind] = frozenset({"type", "upsert"})
_ARRAY_LENGTH = 500


class Target(NamedTuple):
    """A place in Vantiq that takes records."""

    kind: TargetKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def is_template(self) -> bool:
        """Whether a Kafka topic's name has to be filled in."""
        return _PLACEHOLDER in self.name


def array_length(kind: TargetKind, max_batch_records: int) -> int:
    """How many records one request to this kind of target may hold; ``max_batch_records`` 0 stands for the default."""
    return max_batch_records or (_ARRAY_LENGTH if kind in _ARRAY_KINDS else 1)


def sends_arrays(kind: TargetKind, max_batch_records: int) -> bool:
    """Whether such a request holds an array, also of one; a type always takes one, so that a record
    whose value is itself an array is never taken for several."""
    return kind in _ARRAY_KINDS or array_length(kind, max_batch_records) > 1


class Routes(NamedTuple):
    """Targets by Kafka topic: an exact name wins, then the first pattern that fits, then the default."""

    routes: tuple[tuple[str, Target], ...]
    default: Target | None

    def target_for(self, topic: str) -> Target:
        """The target of ``topic``, its name filled in; in a Vantiq topic's name as :func:`vantiq_name` writes it.

        Raises:
            ValueError: no route fits, the topic's name can't be part of such a name in Vantiq, or what it makes is
                spelled out for other topics.
        """
        exact = (target for pattern, target in self.routes if pattern == topic)
        fitting = (target for pattern, target in self.routes if fnmatchcase(topic, pattern))
        target = next(exact, None) or next(fitting, self.default)
        if target is None:
            raise ValueError(f"Kafka topic {topic} has no route and VANTIQ_TARGET is empty")
        if not target.is_template:
            return target
        part = vantiq_name(topic) if target.kind == "topic" else topic
        filled = Target(target.kind, target.name.replace(_PLACEHOLDER, part))
        if not _SYNTAX[filled.kind][0].fullmatch(filled.name):
            raise ValueError(f"Kafka topic {topic} makes {filled}, which is no valid name there: give it a route")
        for pattern, spelled_out in self.routes:
            # Two topics may share a target, but not by accident: somebody has to have written it for both.
            if spelled_out == filled:
                raise ValueError(
                    f"Kafka topic {topic} makes {filled}, which is where {pattern} goes: give it a route of its own, "
                    "to the same target if they are to share it"
                )
        return filled


def parse_target(text: str) -> Target:
    """A target such as ``topic:/orders``, ``upsert:Order`` or ``topic:/kafka/{topic}``.

    Raises:
        ValueError: with one sentence on what is wrong.
    """
    kind, _, name = text.strip().partition(":")
    for known in get_args(TargetKind):
        if kind == known:
            syntax, example = _SYNTAX[known]
            if not syntax.fullmatch(name.replace(_PLACEHOLDER, "topic")):
                raise ValueError(f"must look like {kind}:{example}")
            return Target(known, name)
    raise ValueError(f"must begin with one of {', '.join(f'{known}:' for known in get_args(TargetKind))}")


def parse_routes(default: str, routes: str) -> Routes:
    """``VANTIQ_TARGET`` and ``VANTIQ_ROUTES`` (a JSON object, Kafka topic or glob pattern to target), together.

    Raises:
        ExceptionGroup: a ``ValueError`` for each problem found.
    """
    problems: list[ValueError] = []
    default_target: Target | None = None
    if default:
        try:
            default_target = parse_target(default)
        except ValueError as error:
            problems.append(ValueError(f"VANTIQ_TARGET {error}"))
    elif not routes:
        problems.append(ValueError("VANTIQ_TARGET is missing"))
    found: list[tuple[str, Target]] = []
    for pattern, text in _read_routes(routes, problems).items():
        try:
            found.append((pattern, parse_target(text)))
        except ValueError as error:
            problems.append(ValueError(f"VANTIQ_ROUTES {pattern}: {error}"))
    if problems:
        raise ExceptionGroup("targets", problems)
    return Routes(tuple(found), default_target)


def _read_routes(text: str, problems: list[ValueError]) -> dict[str, str]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, msgspec.ValidationError):
        problems.append(ValueError('VANTIQ_ROUTES must be a JSON object such as {"orders.*": "topic:/orders"}'))
        return {}
