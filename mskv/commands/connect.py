"""``mskv connect``: what the cluster offers, client files, and Vantiq's own Kafka source."""

import sys
from pathlib import Path
from typing import Any

import click

from mskv.completion import forwarded_topics
from mskv.options import DefaultGroup, Output, output_option, place_options

_EXAMPLES = """
\b
Examples:
  mskv connect                              auth modes, and who can use each
  mskv connect access                       ACLs or IAM statements that the pollers need
  mskv connect files clients/               users_jaas.conf, client.properties, kcat.conf, only for you to read
  mskv connect targets                      shows the plan for the forwarder's targets in Vantiq, asks, creates them
  mskv connect register Orders orders       shows the plan for Vantiq's source, asks, registers, tests it

\b
Exit status: 0 no error found, 1 an error found or something refused, 2 invalid options, 3 not reached.
"""


@click.group(cls=DefaultGroup, epilog=_EXAMPLES)
def connect() -> None:
    """Connect clients and Vantiq to the cluster; without a command: what the cluster offers."""


connect.default = "show"


@connect.command()
@place_options
@output_option
def show(place: Any, output: Output) -> None:
    """Auth modes with their listeners, and the findings about cluster and secret."""
    from mskv.connect import described
    from mskv.output import run

    sys.exit(run(lambda progress: described(place, progress), output))


@connect.command()
@place_options
@output_option
def access(place: Any, output: Output) -> None:
    """The Kafka ACLs, or the IAM statements, that the mappings' pollers need on topics and groups, ready to paste."""
    from mskv.connect import poller_access
    from mskv.output import run

    sys.exit(run(lambda progress: poller_access(place, progress), output))


@connect.command()
@place_options
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--without-password", is_flag=True, help="Write a placeholder instead of the password.")
@click.option("--force", is_flag=True, help="Write into a folder that git does not ignore, and over existing files.")
@output_option
def files(place: Any, folder: Path, without_password: bool, force: bool, output: Output) -> None:
    """Write the configuration files of Kafka clients into FOLDER, readable only by you.

    The files hold the password, so the folder must not be one whose files git would track.
    """
    from mskv.connect import write_files
    from mskv.output import run

    include = not without_password
    sys.exit(run(lambda progress: write_files(place, progress, folder, password=include, force=force), output))


@connect.command()
@place_options
@click.argument("name")
@click.argument("topics", nargs=-1, metavar="TOPIC...", shell_complete=forwarded_topics)
@click.option("--renew-secret", is_flag=True, help="Write the password to Vantiq's secret again, after a rotation.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def register(place: Any, name: str, topics: tuple[str, ...], renew_secret: bool, yes: bool, output: Output) -> None:
    """Create or update Vantiq's Kafka source NAME that consumes TOPIC..., after showing the plan; then test it."""
    from mskv.connect import register_approved, source_event

    event = source_event(name, topics, renew_secret=renew_secret)
    sys.exit(register_approved(place, event, output, yes=yes))


@connect.command()
@place_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def targets(place: Any, yes: bool, output: Output) -> None:
    """Create the topics or types in Vantiq that the forwarder sends to, after showing the plan."""
    from mskv.connect import TARGETS_EVENT, register_approved

    sys.exit(register_approved(place, TARGETS_EVENT, output, yes=yes))
