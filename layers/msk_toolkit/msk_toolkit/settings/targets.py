"""Where in Vantiq a Kafka topic's records go: ``kind:name``, with routes per topic or pattern."""

from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from msk_toolkit.settings.topic_names import vantiq_name
from msk_toolkit.target_kinds import KINDS, TargetKind

_PLACEHOLDER = "{topic}"


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
    """Maximum number of records in one request to this kind of target; 0 stands for the kind's default."""
    return max_batch_records or KINDS[kind].default_batch


def sends_arrays(kind: TargetKind, max_batch_records: int) -> bool:
    """Whether such a request holds an array, also of a single record; see :class:`msk_toolkit.target_kinds.KindRow`."""
    return KINDS[kind].default_batch > 1 or array_length(kind, max_batch_records) > 1


class Routes(NamedTuple):
    """Targets by Kafka topic: an exact name wins, then the first pattern that matches, then the default."""

    routes: tuple[tuple[str, Target], ...]
    default: Target | None

    def target_for(self, topic: str) -> Target:
        """The target of ``topic``, its name filled in; in a Vantiq topic's name as :func:`vantiq_name` writes it.

        Raises:
            ValueError: no route matches, the topic's name can't be part of such a name in Vantiq, or what it maps to
                is spelled out for other topics.
        """
        exact = (target for pattern, target in self.routes if pattern == topic)
        matching = (target for pattern, target in self.routes if fnmatchcase(topic, pattern))
        target = next(exact, None) or next(matching, self.default)
        if target is None:
            raise ValueError(f"Kafka topic {topic} has no route and VANTIQ_TARGET is empty")
        return self._filled(target, topic) if target.is_template else target

    def _filled(self, template: Target, topic: str) -> Target:
        row = KINDS[template.kind]
        part = vantiq_name(topic) if row.escapes_topic else topic
        target = Target(template.kind, template.name.replace(_PLACEHOLDER, part))
        if not row.syntax.fullmatch(target.name):
            raise ValueError(
                f"Kafka topic {topic} maps to {target}, which is not a valid Vantiq name; add a route for it"
            )
        for pattern, spelled_out in self.routes:
            # Two topics may share a target, but not by accident: it has to be spelled out for both.
            if spelled_out == target:
                raise ValueError(
                    f"Kafka topic {topic} maps to {target}, which is already the target of {pattern}; add a route for "
                    f"{topic}, to the same target if both are meant to share it"
                )
        return target


def parse_target(text: str) -> Target:
    """A target such as ``topic:/orders``, ``upsert:Order`` or ``topic:/kafka/{topic}``.

    Raises:
        ValueError: with one sentence on what is wrong.
    """
    prefix, _, name = text.strip().partition(":")
    for kind, row in KINDS.items():
        if prefix == kind:
            if not row.syntax.fullmatch(name.replace(_PLACEHOLDER, "topic")):
                raise ValueError(f"must look like {kind}:{row.example}{row.note}")
            return Target(kind, name)
    raise ValueError(f"must begin with one of {joined_with([f'{kind}:' for kind in KINDS], 'or')}")


def parse_routes(default: str, routes: str) -> Routes:
    """``VANTIQ_TARGET`` and ``VANTIQ_ROUTES`` (a JSON object, Kafka topic or glob pattern to target), together.

    Raises:
        ExceptionGroup: a ``ValueError`` for each problem.
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
    parsed: list[tuple[str, Target]] = []
    for pattern, text in _read_routes(routes, problems).items():
        try:
            parsed.append((pattern, parse_target(text)))
        except ValueError as error:
            problems.append(ValueError(f"VANTIQ_ROUTES {pattern}: {error}"))
    if problems:
        raise ExceptionGroup("targets", problems)
    return Routes(tuple(parsed), default_target)


def _read_routes(text: str, problems: list[ValueError]) -> dict[str, str]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, msgspec.ValidationError):
        problems.append(ValueError('VANTIQ_ROUTES must be a JSON object such as {"orders.*": "topic:/orders"}'))
        return {}


def target_examples() -> str:
    """A target of each kind, as a sentence lists them: ``topic:/my/topic, ... or source:my.pkg.Source``."""
    return joined_with([f"{kind}:{row.example}" for kind, row in KINDS.items()], "or")


def batch_rule() -> str:
    """What ``MAX_BATCH_RECORDS`` 0 stands for, and what arrays need."""
    batches: dict[int, list[str]] = {}
    for kind, row in KINDS.items():
        batches.setdefault(row.default_batch, []).append(kind)
    larger = [f", or {batch} for {joined_with(kinds, 'and')}" for batch, kinds in batches.items() if batch > 1]
    unwinding = joined_with([kind for kind, row in KINDS.items() if row.needs_unwind], "or")
    return f"0 means 1{''.join(larger)}. Above 1, a {unwinding} target needs autoUnwind."


def joined_with(names: list[str], conjunction: str) -> str:
    """``a, b or c``."""
    return f" {conjunction} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
