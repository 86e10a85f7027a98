"""The commands and their options. What a command needs is imported when it runs: ``--help`` is to be there at once."""

import sys
from typing import Any

import click

from mskv import __version__, exits
from mskv.commands.cluster import lag, probe, why
from mskv.commands.connect import connect
from mskv.commands.cost import cost
from mskv.commands.init import init
from mskv.commands.letters import letters
from mskv.commands.local import local
from mskv.commands.logs import logs
from mskv.commands.mapping import mapping
from mskv.commands.status import status
from mskv.commands.token import token
from mskv.commands.topics import topics
from mskv.errors import NotReachedError
from mskv.options import Output, output_option, place_options

_EXAMPLES = """
\b
Examples:
  mskv verify --stack msk-vantiq
  mskv verify --stack msk-vantiq --region eu-central-1 --profile prod -o json > verify.json
  mskv verify --stack msk-vantiq --write AWSKafkaTutorialTopic --test-mail
  mskv verify --local

\b
Exit status: 0 no check failed, 1 a check failed, 2 invalid options, 3 AWS or the stack could not be reached.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="mskv", message="%(prog)s %(version)s")
def commands() -> None:
    """Operate a stack of the MSK-Vantiq toolkit, on AWS or on this machine."""


@commands.command(epilog=_EXAMPLES)
@place_options
@output_option
@click.option(
    "--write", metavar="TOPIC", default="", help="Write a marked record to this topic and follow it to Vantiq."
)
@click.option(
    "--refused-record", metavar="TOPIC", default="", help="Likewise with a record that Vantiq may refuse; redrive it."
)
@click.option("--delete-letter", is_flag=True, help="Delete the dead letter of --refused-record at the end.")
@click.option(
    "--wait", type=click.FloatRange(1, 3600), default=120, show_default=True, help="Maximum seconds to follow a record."
)
@click.option("--test-mail", is_flag=True, help="Send a test message to the alarm subscribers.")
def verify(place: Any, output: Output, **options: Any) -> None:
    """Acceptance test of a deployed stack: one line per check, with cause and remedy for each failure.

    It invokes every function with an event that changes nothing (the probes write their heartbeats, as in a scheduled
    run) and reads the AWS configuration. docs/verify.md explains each line and has the policy that the caller needs.
    """
    from mskv.verify.command import run_verify
    from mskv.verify.tools import Consent

    if options["delete_letter"] and not options["refused_record"]:
        raise click.UsageError("--delete-letter requires --refused-record")
    sys.exit(run_verify(place, Consent(**options), output))


for command in (init, status, probe, why, lag, topics, letters, mapping, logs, connect, token, cost, local):
    commands.add_command(command)


def main() -> None:
    """Run the command line; never returns."""
    try:
        commands(prog_name="mskv")
    except NotReachedError as error:
        from mskv.output import printable

        click.echo(printable(f"mskv: {error}\n  -> {error.remedy}"), err=True)
        sys.exit(exits.NOT_REACHED)
