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
Exit status: 0 nothing failed, 1 something did, 2 wrong options, 3 AWS or the stack was not reached.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="mskv", message="%(prog)s %(version)s")
def commands() -> None:
    """Operate a stack of the MSK-Vantiq toolkit, on AWS or on this machine."""


def place_options(command: Any) -> Any:
    """The options of every command that looks at a stack."""
    options = (
        click.option("--stack", metavar="NAME", envvar="MSKV_STACK", help="Name of the deployed stack."),
        click.option("--region", metavar="REGION", help="Its Region; else the profile's."),
        click.option("--profile", metavar="NAME", help="Profile of the AWS configuration; else the environment's."),
        click.option("--local", is_flag=True, help="The system of `make up` instead."),
        # Tests bring up a system of their own.
        click.option("--local-run", type=click.Path(path_type=Path), envvar="MSKV_LOCAL_RUN", hidden=True),
    )
    for option in reversed(options):
        command = option(command)
    return command


@commands.command(epilog=_EXAMPLES)
@place_options
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--write", metavar="TOPIC", default="", help="Write a marked record there and follow it to Vantiq.")
@click.option("--refused-record", metavar="TOPIC", default="", help="Likewise one that Vantiq may refuse; replay it.")
@click.option("--delete-letter", is_flag=True, help="Delete the dead letter of --refused-record in the end.")
@click.option(
    "--wait", type=click.FloatRange(1, 3600), default=120, show_default=True, help="Follow it so many seconds."
)
@click.option("--test-mail", is_flag=True, help="Send a test message to everybody who hears the alarms.")
def verify(output: str, local_run: Path | None, **options: Any) -> None:
    """Acceptance test of a deployed stack: a line for each thing that must work, with cause and remedy.

    It invokes every function with an event that changes nothing (the probes write their heartbeats, as on their
    schedule) and reads what AWS says. docs/verify.md explains each line, and has the policy that the caller needs.
    """
    from mskv.verify.command import run_verify
    from mskv.verify.tools import Consent

    if options["delete_letter"] and not options["refused_record"]:
        raise click.UsageError("--delete-letter belongs to --refused-record")
    place = _place(**{name: options.pop(name) for name in ("stack", "region", "profile", "local")}, local_run=local_run)
    sys.exit(run_verify(place, Consent(**options), cast(Literal["table", "json"], output)))


def _place(
    *, stack: str | None, region: str | None, profile: str | None, local: bool, local_run: Path | None
) -> "Place":
    if local:
        if stack or region or profile:
            raise click.UsageError("--local takes no --stack, --region or --profile: it knows them")
        from mskv.local_system import on_this_machine

        return on_this_machine(local_run)
    if not stack:
        raise click.UsageError("--stack NAME is missing (or MSKV_STACK, or --local for the system of `make up`)")
    from mskv.place import on_aws

    return on_aws(stack, region, profile)


def main() -> None:
    """Run the command line; never returns."""
    try:
        commands(prog_name="mskv")
    except NotReachedError as error:
        click.echo(f"mskv: {error}\n  -> {error.remedy}", err=True)
        sys.exit(exits.NOT_REACHED)
