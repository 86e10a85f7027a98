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
  mskv connect secret create AmazonMSK_one --user one --key KEY --cluster orders

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


@connect.group()
def secret() -> None:
    """A SCRAM secret: create, associate, disassociate, with the plan first. AWS is asked with your permissions."""


_CLUSTER = click.option("--cluster", metavar="NAME|ARN", default="", help="The MSK cluster (default: the stack's).")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@secret.command()
@place_options
@click.argument("name")
@click.option("--user", default="", help="The user's name; the password is made here and never shown.")
@click.option("--copy-of", metavar="SECRET", default="", help="Copy this secret, for two alternating users.")
@click.option("--key", metavar="KEY", default="", help="Customer managed KMS key (default: that of --copy-of).")
@_CLUSTER
@click.option("--no-associate", is_flag=True, help="Only create it.")
@_YES
@output_option
def create(place: Any, name: str, user: str, copy_of: str, key: str, cluster: str, **rest: Any) -> None:
    """Create the secret NAME (AmazonMSK_...) for a user, and associate it with the cluster."""
    if bool(user) == bool(copy_of):
        raise click.UsageError("give either --user or --copy-of")
    from mskv.connect_secret import Where, change_secret
    from mskv.scram_plan import Wish

    wish = Wish("create", name, user, copy_of, associate=not rest["no_associate"])
    sys.exit(change_secret(place, wish, Where(cluster, key), rest["output"], yes=rest["yes"]))


@secret.command()
@place_options
@click.argument("name")
@_CLUSTER
@_YES
@output_option
def associate(place: Any, name: str, cluster: str, yes: bool, output: Output) -> None:
    """Associate the secret NAME with the cluster, so that its user can log in."""
    from mskv.connect_secret import Where, change_secret
    from mskv.scram_plan import Wish

    sys.exit(change_secret(place, Wish("associate", name), Where(cluster), output, yes=yes))


@secret.command()
@place_options
@click.argument("name")
@_CLUSTER
@click.option("--although", type=click.Choice(["in-use"]), help="Even if the stack logs in with it.")
@_YES
@output_option
def disassociate(place: Any, name: str, cluster: str, although: str | None, yes: bool, output: Output) -> None:
    """Disassociate the secret NAME from the cluster, so that its user can't log in any more."""
    from mskv.connect_secret import Where, change_secret
    from mskv.scram_plan import Wish

    wish = Wish("disassociate", name, although_in_use=although == "in-use")
    sys.exit(change_secret(place, wish, Where(cluster), output, yes=yes))
