"""Where in Vantiq a Kafka topic's records go: ``kind:name``, with routes per topic or pattern."""

import functools
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
        target = self._exact(topic) or self._matching(topic)
        if target is None:
            raise ValueError(f"Kafka topic {topic} has no route and VANTIQ_TARGET is empty")
        if not target.is_template:
            return target
        return self._filled(target, topic)

    def _exact(self, topic: str) -> Target | None:
        return next((target for pattern, target in self.routes if pattern == topic), None)

    def _matching(self, topic: str) -> Target | None:
        return next((target for pattern, target in self.routes if fnmatchcase(topic, pattern)), self.default)

    def _filled(self, template: Target, topic: str) -> Target:
        target = Target(template.kind, template.name.replace(_PLACEHOLDER, _name_part(template.kind, topic)))
        if not KINDS[template.kind].syntax.fullmatch(target.name):
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


def _name_part(kind: TargetKind, topic: str) -> str:
    if KINDS[kind].escapes_topic:
        return vantiq_name(topic)
    return topic


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
    raise ValueError(f"must begin with one of {_joined_with([f'{kind}:' for kind in KINDS], 'or')}")


@functools.lru_cache(maxsize=16)
def parse_routes(default: str, routes: str) -> Routes:
    """``VANTIQ_TARGET`` and ``VANTIQ_ROUTES`` (a JSON object, Kafka topic or glob pattern to target), together.

    Raises:
        ExceptionGroup: a ``ValueError`` for each problem.
    """
    problems: list[ValueError] = []
    if not default and not routes:
        problems.append(ValueError("VANTIQ_TARGET is missing"))
    default_target = _default_target(default, problems)
    parsed = _parsed_routes(routes, problems)
    if problems:
        raise ExceptionGroup("targets", problems)
    return Routes(parsed, default_target)


def _default_target(text: str, problems: list[ValueError]) -> Target | None:
    if not text:
        return None
    try:
        return parse_target(text)
    except ValueError as error:
        problems.append(ValueError(f"VANTIQ_TARGET {error}"))
        return None


def _parsed_routes(text: str, problems: list[ValueError]) -> tuple[tuple[str, Target], ...]:
    parsed: list[tuple[str, Target]] = []
    for pattern, target in _read_routes(text, problems).items():
        try:
            parsed.append((pattern, parse_target(target)))
        except ValueError as error:
            problems.append(ValueError(f"VANTIQ_ROUTES {pattern}: {error}"))
    return tuple(parsed)


def _read_routes(text: str, problems: list[ValueError]) -> dict[str, str]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, msgspec.ValidationError):
        problems.append(ValueError('VANTIQ_ROUTES must be a JSON object such as {"orders.*": "topic:/orders"}'))
        return {}


def tombstone_problems(routes: Routes) -> list[str]:
    """A sentence for each target without rows, which no tombstone can delete."""
    targets = [*(target for _, target in routes.routes), *filter(None, [routes.default])]
    others = dict.fromkeys(str(target) for target in targets if not KINDS[target.kind].stores_rows)
    return [f"TOMBSTONES=delete needs type: or upsert: targets; {other} has no rows" for other in others]


def target_examples() -> str:
    """A target of each kind, as a sentence lists them: ``topic:/my/topic, ... or source:my.pkg.Source``."""
    return _joined_with([f"{kind}:{row.example}" for kind, row in KINDS.items()], "or")


def batch_rule() -> str:
    """What ``MAX_BATCH_RECORDS`` 0 stands for, and what arrays need."""
    larger = [
        f", or {batch} for {_joined_with(kinds, 'and')}" for batch, kinds in _kinds_by_batch().items() if batch > 1
    ]
    unwinding = _joined_with([kind for kind, row in KINDS.items() if row.needs_unwind], "or")
    return f"0 means 1{''.join(larger)}. Above 1, a {unwinding} target needs autoUnwind."


def _kinds_by_batch() -> dict[int, list[str]]:
    batches: dict[int, list[str]] = {}
    for kind, row in KINDS.items():
        batches.setdefault(row.default_batch, []).append(kind)
    return batches


def _joined_with(names: list[str], conjunction: str) -> str:
    """``a, b or c``."""
    return f" {conjunction} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
