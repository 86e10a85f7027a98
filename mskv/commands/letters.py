"""``mskv letters``: list, show, export and replay dead letters."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from mskv.completion import forwarded_topics
from mskv.options import TIME, DefaultGroup, Output, output_option, place_options

# Of docs/dead-letters.md.
_REASONS = ("refused", "unsendable", "schema", "mapping", "operator")
_EXAMPLES = """
\b
Examples:
  mskv letters
  mskv letters list orders
  mskv letters show orders/3/1042 --payload
  mskv letters export orders.jsonl --topic orders --since 1d
  mskv letters replay orders           a dry run first, then it asks

\b
Exit status: 0 no letters wait, 1 letters wait, 2 invalid options, 3 not reached.
"""


@click.group(cls=DefaultGroup, epilog=_EXAMPLES)
def letters() -> None:
    """Dead letters; without a command: how many wait, and why."""


letters.default = "list"


def _selection_options(command: Any) -> Any:
    reason = click.option("--reason", type=click.Choice(_REASONS), default=None, help="Only letters with this reason.")
    since = click.option(
        "--since",
        type=TIME,
        metavar="TIME",
        help="Only letters written in the last 30m, 2h or 1d, or since a time in ISO 8601 (UTC).",
    )
    return reason(since(command))


@letters.command("list")
@place_options
@click.argument("topic", required=False, shell_complete=forwarded_topics)
@_selection_options
@output_option
def list_letters(place: Any, topic: str | None, reason: str | None, since: datetime | None, output: Output) -> None:
    """Letters by topic, partition and reason."""
    from mskv.letters import counted
    from mskv.output import run
    from mskv.selection import Selection

    selection = Selection(topic or "", reason or "", since)
    sys.exit(run(lambda progress: counted(place, progress, selection), output))


@letters.command()
@place_options
@click.argument("record", metavar="TOPIC/PARTITION/OFFSET")
@click.option("--payload", is_flag=True, help="Show key, value and headers as well, decoded.")
@output_option
def show(place: Any, record: str, payload: bool, output: Output) -> None:
    """The letter of one record: the reason, Vantiq's own message (which may quote the record), the target."""
    from mskv.letters import parse_record, shown
    from mskv.output import run

    position = parse_record(record)
    sys.exit(run(lambda progress: shown(place, progress, position, payload=payload), output))


@letters.command()
@place_options
@click.argument("target", type=click.Path(path_type=Path), metavar="FOLDER|FILE.jsonl")
@click.option("--topic", default="", shell_complete=forwarded_topics, help="Only letters of this topic.")
@_selection_options
@click.option("--force", is_flag=True, help="Write where git does not ignore it, and over existing files.")
@output_option
def export(place: Any, target: Path, output: Output, force: bool, **selected: Any) -> None:
    """Copy letters with their records decoded: a JSON file each into a folder, or an object a line into a .jsonl file.

    The files hold keys, values and headers, so they are readable only by you, and git must not track them. The letters
    stay in the bucket.
    """
    from mskv.letters_export import exported
    from mskv.output import run
    from mskv.selection import Selection

    selection = Selection(selected["topic"], selected["reason"] or "", selected["since"])
    sys.exit(run(lambda progress: exported(place, progress, selection, target, force=force), output))


@letters.command()
@place_options
@click.argument("topic", shell_complete=forwarded_topics)
@_selection_options
@click.option("--rate", type=click.FloatRange(min=0.1), default=100.0, show_default=True, help="Letters per second.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def replay(place: Any, topic: str, rate: float, yes: bool, output: Output, **selected: Any) -> None:
    """Send letters again in offset order: shows which, asks, sends; waits for the end of all invocations."""
    from mskv.letters import replay_approved
    from mskv.selection import Selection

    selection = Selection(topic, selected["reason"] or "", selected["since"])
    sys.exit(replay_approved(place, selection, rate, output, yes=yes))
