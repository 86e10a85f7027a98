"""``mskv mapping``: the event source mappings."""

import sys
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


def _switch(place: Any, topic: str, output: Output, *, enabled: bool) -> None:
    from mskv.mappings import switched
    from mskv.output import run

    sys.exit(run(lambda progress: switched(place, progress, topic, enabled=enabled), output))
