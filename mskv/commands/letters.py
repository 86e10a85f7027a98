"""``mskv letters``: list, show and replay dead letters."""

import sys
from typing import Any

import click

from mskv.completion import forwarded_topics
from mskv.options import DefaultGroup, Output, output_option, place_options

_EXAMPLES = """
\b
Examples:
  mskv letters
  mskv letters list orders
  mskv letters show orders/3/1042 --payload
  mskv letters replay orders           a dry run first, then it asks

\b
Exit status: 0 no letters wait, 1 letters wait, 2 invalid options, 3 not reached.
"""


@click.group(cls=DefaultGroup, epilog=_EXAMPLES)
def letters() -> None:
    """Dead letters; without a command: how many wait, and why."""


letters.default = "list"


@letters.command("list")
@place_options
@click.argument("topic", required=False, shell_complete=forwarded_topics)
@click.option("--reason", default="", help="Only letters with this reason, such as refused.")
@click.option("--since", default="", metavar="TIME", help="Only letters written at this time or later (ISO 8601).")
@output_option
def list_letters(place: Any, topic: str | None, reason: str, since: str, output: Output) -> None:
    """Letters by topic, partition and reason."""
    from mskv.letters import Selection, counted
    from mskv.output import run

    selection = Selection(topic or "", reason, since)
    sys.exit(run(lambda progress: counted(place, progress, selection), output))


@letters.command()
@place_options
@click.argument("record", metavar="TOPIC/PARTITION/OFFSET")
@click.option("--payload", is_flag=True, help="Show key, value and headers as well.")
@output_option
def show(place: Any, record: str, payload: bool, output: Output) -> None:
    """The letter of one record, with Vantiq's own message."""
    from mskv.letters import parse_record, shown
    from mskv.output import run

    position = parse_record(record)
    sys.exit(run(lambda progress: shown(place, progress, position, payload=payload), output))


@letters.command()
@place_options
@click.argument("topic", shell_complete=forwarded_topics)
@click.option("--reason", default="", help="Only letters with this reason, such as refused.")
@click.option("--since", default="", metavar="TIME", help="Only letters written at this time or later (ISO 8601).")
@click.option("--rate", type=click.FloatRange(min=0.1), default=100.0, show_default=True, help="Letters per second.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def replay(place: Any, topic: str, rate: float, yes: bool, output: Output, **selected: str) -> None:
    """Send letters again in offset order: shows which, asks, sends."""
    from mskv.letters import Selection, replay_approved

    sys.exit(replay_approved(place, Selection(topic, **selected), rate, output, yes=yes))
