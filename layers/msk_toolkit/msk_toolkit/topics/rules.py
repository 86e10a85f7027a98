"""Mistakes in declared topics beyond the types of their values, found without any cluster."""

import re
from collections.abc import Iterable, Iterator, Mapping

from msk_toolkit.settings.plain import shown_name
from msk_toolkit.topics.document import DocumentProblem

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
# Kafka's internal topics begin so.
_INTERNAL = "__"
_LONGEST_TEXT = 32_767


def name_problem(name: str) -> str | None:
    """Why Kafka would reject a name, or the toolkit as that of an internal topic."""
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        return f"{shown_name(name)!r} may hold only letters, digits, '.', '_' and '-'"
    if name.startswith(_INTERNAL):
        return f"{name} is internal to Kafka; internal topics are never changed"
    return None


def contradictions(replication_factor: int | None, config: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Settings of one topic that contradict each other: the key to look at, and a sentence."""
    in_sync = _number(config, "min.insync.replicas")
    if in_sync is not None and replication_factor is not None and in_sync > replication_factor:
        yield (
            "min.insync.replicas",
            f"min.insync.replicas {in_sync} is above the replication factor {replication_factor}: brokers until Kafka "
            f"3.6 refuse every write with acks=all, and later ones act as if it were {replication_factor}; declare "
            f"{replication_factor} or less",
        )
    yield from _long_values(config)


def _long_values(config: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        # Kafka's requests count the length of a text in 16 bits.
        if (length := len(value.encode(errors="surrogatepass"))) > _LONGEST_TEXT:
            yield key, f"config: {key}: is {length:,} bytes long: Kafka accepts at most {_LONGEST_TEXT:,}"


def collisions(names: Iterable[tuple[str, str]]) -> Iterator[DocumentProblem]:
    """Topics declared twice, and names that Kafka considers equal; each name comes after its place."""
    seen: dict[str, str] = {}
    known: set[str] = set()
    for place, name in names:
        if name in known:
            yield DocumentProblem(place, f"{name}: declared twice")
            continue
        known.add(name)
        # Kafka's metric names turn '.' into '_', so it refuses two names that differ only there.
        other = seen.setdefault(name.replace(".", "_"), name)
        if other != name:
            yield DocumentProblem(place, f"{name}: collides with {other}: Kafka considers '.' and '_' equal")


def _number(config: Mapping[str, str], key: str) -> int | None:
    try:
        return int(config.get(key, ""))
    except ValueError:
        return None
