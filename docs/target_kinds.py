"""The table of target kinds in docs/settings.md, from the registry."""

from collections.abc import Iterator

from msk_toolkit.target_kinds import KINDS, KindRow

_COLUMNS = (
    "Target",
    "A record becomes",
    "Sent by `POST` to",
    "Records per request by default",
    "What must exist",
    "If it does not exist",
)


def target_kinds_section() -> Iterator[str]:
    """The section, line by line."""
    yield "## Target kinds"
    yield ""
    yield "A target is a kind and a name, such as `topic:/msk/{topic}`; `{topic}` is replaced by the Kafka topic."
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"| {' | '.join(['---'] * len(_COLUMNS))} |"
    for kind, row in KINDS.items():
        path = f"/api/v1/resources/{row.path.format(name=row.example)}"
        cells = [f"`{kind}:{row.example}`", row.effect, f"`{path}`", _batch(row), row.requirement, _remedy(row)]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _batch(row: KindRow) -> str:
    return f"{row.default_batch}; more need `autoUnwind`" if row.needs_unwind else str(row.default_batch)


def _remedy(row: KindRow) -> str:
    return f"`register` of connect creates it: {row.created_as}" if row.created_as else "create it in Vantiq"
