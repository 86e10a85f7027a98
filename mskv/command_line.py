"""The commands and their options. What a command needs is imported when it runs: ``--help`` is to be there at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from mskv import __version__, exits
from mskv.errors import NotReachedError

if TYPE_CHECKING:
    from mskv.place import Place

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


def place_options(command: Any) -> Any:
    """The options of every command that looks at a stack."""
    options = (
        click.option("--stack", metavar="NAME", envvar="MSKV_STACK", help="Name of the deployed stack."),
        click.option("--region", metavar="REGION", help="Region of the stack (default: the profile's)."),
        click.option("--profile", metavar="NAME", help="AWS profile (default: the environment's)."),
        click.option("--local", is_flag=True, help="Use the local system of `make up` instead."),
        # Tests bring up a system of their own.
        click.option("--local-run", type=click.Path(path_type=Path), envvar="MSKV_LOCAL_RUN", hidden=True),
    )
    for option in reversed(options):
        command = option(command)
    return command


@commands.command(epilog=_EXAMPLES)
@place_options
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
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
def verify(output: str, local_run: Path | None, **options: Any) -> None:
    """Acceptance test of a deployed stack: one line per check, with cause and remedy for each failure.

    It invokes every function with an event that changes nothing (the probes write their heartbeats, as in a scheduled
    run) and reads the AWS configuration. docs/verify.md explains each line and has the policy that the caller needs.
    """
    from mskv.verify.command import run_verify
    from mskv.verify.tools import Consent

    if options["delete_letter"] and not options["refused_record"]:
        raise click.UsageError("--delete-letter requires --refused-record")
    place = _place(**{name: options.pop(name) for name in ("stack", "region", "profile", "local")}, local_run=local_run)
    sys.exit(run_verify(place, Consent(**options), cast(Literal["table", "json"], output)))


def _place(
    *, stack: str | None, region: str | None, profile: str | None, local: bool, local_run: Path | None
) -> "Place":
    if local:
        if stack or region or profile:
            raise click.UsageError("--local can't be combined with --stack, --region or --profile")
        from mskv.local_system import on_this_machine

        return on_this_machine(local_run)
    if not stack:
        raise click.UsageError("missing --stack NAME (or set MSKV_STACK, or use --local for the system of `make up`)")
    from mskv.place import on_aws

    return on_aws(stack, region, profile)


def main() -> None:
    """Run the command line; never returns."""
    try:
        commands(prog_name="mskv")
    except NotReachedError as error:
        click.echo(f"mskv: {error}\n  -> {error.remedy}", err=True)
        sys.exit(exits.NOT_REACHED)
