"""``mskv mapping``: the event source mappings."""

import functools
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from mskv.completion import forwarded_topics
from mskv.options import DefaultGroup, Output, output_option, place_options, watch_option

_EXAMPLES = """
\b
Examples:
  mskv mapping
  mskv mapping orders -w
  mskv mapping disable orders
  mskv mapping enable orders
  mskv mapping reset orders --to beginning
  mskv mapping reset orders --to 2h --dry-run
  mskv mapping reset orders --to 0=1500 --to 1=1720

\b
Exit status: 0 all are enabled and work, 1 one is not, 2 invalid options, 3 not reached.
"""


@click.group(cls=DefaultGroup, epilog=_EXAMPLES)
def mapping() -> None:
    """The event source mappings of the forwarder; without a command: their states."""


mapping.default = "list"


@mapping.command("list")
@place_options
@click.argument("topic", required=False, shell_complete=forwarded_topics)
@output_option
@watch_option
def states(place: Any, topic: str | None, output: Output, watch: float | None) -> None:
    """State, last result and pollers of each mapping, or of the one of a topic."""
    from mskv.mappings import listed
    from mskv.output import run

    sys.exit(run(lambda progress: listed(place, progress, topic or ""), output, watch))


@mapping.command()
@place_options
@click.argument("topic", shell_complete=forwarded_topics)
@output_option
def enable(place: Any, topic: str, output: Output) -> None:
    """Start forwarding a topic again, from where its consumer group stopped."""
    _switch(place, topic, output, enabled=True)


@mapping.command()
@place_options
@click.argument("topic", shell_complete=forwarded_topics)
@output_option
def disable(place: Any, topic: str, output: Output) -> None:
    """Stop forwarding a topic; its records wait in Kafka, for as long as the topic's retention allows."""
    _switch(place, topic, output, enabled=False)


def _consent_options(command: Any) -> Any:
    """``--yes`` and ``--skip``; the command gets ``consent``."""

    @functools.wraps(command)
    def with_consent(*arguments: Any, yes: bool, skip: bool, **options: Any) -> Any:
        from mskv.mapping_reset import Consent

        return command(*arguments, consent=Consent(yes, skip), **options)

    with_consent = click.option("--yes", is_flag=True, help="Do not ask.")(with_consent)
    text = "Records may be skipped, and so never be forwarded."
    return click.option("--skip", is_flag=True, help=text)(with_consent)


@mapping.command()
@place_options
@click.argument("topic", shell_complete=forwarded_topics)
@click.option(
    "--to",
    metavar="PLACE",
    multiple=True,
    required=True,
    help="beginning (what the topic still has), end (only what comes), a time (2h ago, 2026-11-28T02:50), or "
    "PARTITION=OFFSET, which may be repeated; other partitions stay where they are.",
)
@click.option("--dry-run", is_flag=True, help="Only show the plan; the mapping stays on.")
@_consent_options
@output_option
def reset(place: Any, topic: str, to: tuple[str, ...], dry_run: bool, consent: Any, output: Output) -> None:
    """Read a topic on from elsewhere: records are read again, or skipped.

    Turns the mapping off, waits until its consumer group is empty, shows what a move of the group's offsets costs,
    asks, moves them, and turns the mapping on again, also where a step fails. Records that would be skipped need their
    number typed, or --skip.
    """
    from mskv.mapping_reset import Goal, planned
    from mskv.mapping_reset import reset as reset_mapping
    from mskv.output import run

    goal = Goal(topic, place_to_read_on(to, datetime.now(UTC)))
    if dry_run:
        sys.exit(run(lambda progress: planned(place, progress, goal), output))
    sys.exit(reset_mapping(place, goal, output, consent))


def place_to_read_on(texts: Sequence[str], now: datetime) -> dict[str, Any]:
    """Where to read on, as the topics function takes it.

    Raises:
        UsageError: a text means something else, or they exclude each other.
    """
    if all("=" in text for text in texts):
        return {"to": "offsets", "offsets": list(map(_partition_offset, texts))}
    if len(texts) > 1:
        raise click.UsageError("--to may be repeated with PARTITION=OFFSET only")
    if texts[0] in {"beginning", "end"}:
        return {"to": texts[0]}
    from mskv.times import parse_time

    try:
        return {"to": "time", "time": round(parse_time(texts[0], now).timestamp() * 1000)}
    except ValueError as error:
        text = f"--to {texts[0]}: use beginning, end, a time such as 2h or 2026-11-28T02:50, or PARTITION=OFFSET"
        raise click.UsageError(text) from error


def _partition_offset(text: str) -> dict[str, int]:
    partition, _, offset = text.partition("=")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise click.UsageError(f"--to {text}: use PARTITION=OFFSET, such as 0=1500")
    return {"partition": int(partition), "offset": int(offset)}


def _switch(place: Any, topic: str, output: Output, *, enabled: bool) -> None:
    from mskv.mappings import switched
    from mskv.output import run

    sys.exit(run(lambda progress: switched(place, progress, topic, enabled=enabled), output))
