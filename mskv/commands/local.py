"""``mskv local``: the whole system on this machine."""

import sys

import click

_EXAMPLES = """
\b
Examples:
  mskv local up
  mskv local break broker 2
  mskv local break mapping --topic orders
  mskv local heal

\b
Exit status: 0 done or well, 1 a part does not run or an error, 2 invalid options, 3 not reached.
"""
FAULTS = ("broker", "vantiq", "token", "poison", "mapping", "password", "topic")


@click.group(epilog=_EXAMPLES)
def local() -> None:
    """The whole system on this machine: Kafka, AWS, Vantiq and the deployed stack. Needs a checkout."""


@local.command()
@click.option("--fresh", is_flag=True, help="Replace a system that runs, with its records and ports.")
def up(fresh: bool) -> None:
    """Start everything and leave it running."""
    _run("up", *["--fresh"] * fresh)


@local.command()
def down() -> None:
    """Stop what was started."""
    _run("down")


@local.command()
@click.option("--records", type=click.IntRange(min=1), help="Records in the large step.")
def demo(records: int | None) -> None:
    """Show the whole product step by step; leaves nothing running."""
    _run("demo", *([f"--records={records}"] if records else []))


@local.command()
@click.argument("file", type=click.Path(), required=False)
def env(file: str | None) -> None:
    """Write the variables with which `sam local invoke` reaches this system."""
    _run("env", *([file] if file else []))


@local.command()
def status() -> None:
    """Show each part: whether it runs, its memory, addresses and first commands."""
    _run("status")


@local.command()
def mails() -> None:
    """List the mails of the alarms, and show the latest."""
    _run("mails")


@local.command(name="break")
@click.argument("fault", type=click.Choice(FAULTS), required=False)
@click.argument("number", type=int, required=False)
@click.option("--topic", metavar="TOPIC", help="The topic (default: the last of those that are forwarded).")
@click.option("--heal", "heals", is_flag=True, help="End every fault instead.")
def break_(fault: str | None, number: int | None, topic: str | None, heals: bool) -> None:
    """Cause a fault, to see how it is reported.

    \b
    broker N   stop a broker
    vantiq     stop Vantiq
    token      let Vantiq refuse the forwarder's token
    poison     write a record that Vantiq refuses
    mapping    disable the event source mapping
    password   rotate the SCRAM password in the secret only
    topic      change a topic's setting by hand
    """
    if heals:
        _run("heal")
    if fault is None:
        raise click.UsageError(f"name a fault: {', '.join(FAULTS)}")
    arguments = [] if number is None else [str(number)]
    _run("break", fault, *arguments, *([f"--topic={topic}"] if topic else []))


@local.command(name="outside-msk")
@click.argument("topic")
def outside_msk(topic: str) -> None:
    """Forward a topic a second time, as of Kafka outside MSK: a self-managed mapping over mutual TLS."""
    _run("outside-msk", topic)


@local.command()
def heal() -> None:
    """End every fault."""
    _run("heal")


def _run(*arguments: str) -> None:
    from mskv.checkout import run_local

    sys.exit(run_local(arguments))
