"""``mskv logs``: what the functions' logs say."""

import sys
from datetime import datetime
from typing import Any

import click

from mskv.options import TIME, Output, output_option, place_options

# Without the stack's name.
FUNCTIONS = (
    "alarm-mail",
    "connect",
    "consumer-probe",
    "diagnose",
    "forwarder",
    "probe-matrix",
    "producer-probe",
    "redrive",
    "scram-rotation",
    "status",
    "topics",
    "topics-answer",
)
_EXAMPLES = """
\b
Examples:
  mskv logs                            warnings and errors of the last hour
  mskv logs forwarder -f               and those to come, until Ctrl-C
  mskv logs --since 2026-11-28T02:50 --all
  mskv logs -o json | jq -r .remedy    an object a line

\b
Exit status: 0 no warning and no error, 1 there are some, 2 invalid options, 3 not reached.
"""


def _completed(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in FUNCTIONS if name.startswith(incomplete)]


@click.command(epilog=_EXAMPLES)
@place_options
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=_completed)
@click.option("-f", "--follow", is_flag=True, help="Show what comes as well, until Ctrl-C.")
@click.option(
    "--since",
    type=TIME,
    metavar="TIME",
    default="1h",
    show_default=True,
    help="30m, 2h, 1d ago, or a time in ISO 8601 (UTC).",
)
@click.option("--all", "every_level", is_flag=True, help="Every level, not only warnings and errors.")
@output_option
def logs(place: Any, names: tuple[str, ...], follow: bool, since: datetime, every_level: bool, output: Output) -> None:
    """Warnings and errors of all functions in the order of their times, a line each, with reason and remedy.

    Metrics and Lambda's own lines are left out, except for an invocation that Lambda ended. NAME is a function, such as
    forwarder.
    """
    from mskv.logs import Choice, show_logs

    sys.exit(show_logs(place, Choice(names, since, every_level, follow), output))
