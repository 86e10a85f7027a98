"""``mskv probe``, ``why`` and ``lag``: how the cluster is."""

import sys
from typing import Any

import click

from mskv.completion import forwarded_topics
from mskv.options import Output, output_option, place_options, watch_option

_PROBE_EXAMPLES = """
\b
Examples:
  mskv probe                 write through each broker
  mskv probe --all -o json
  mskv probe --local -w 10

\b
Exit status: 0 healthy, 1 degraded or down, 2 invalid options, 3 not reached.
"""
_WHY_EXAMPLES = """
\b
Examples:
  mskv why                   one line if nothing is wrong, otherwise what fails and why
  mskv why --verbose         notes and everything that works as well; the same as -o wide

\b
Exit status: 0 healthy, 1 degraded or down, 2 invalid options, 3 not reached.
"""
_LAG_EXAMPLES = """
\b
Examples:
  mskv lag
  mskv lag orders -w

\b
Exit status: 0 every lag is known, 1 one is not, 2 invalid options, 3 not reached.
"""


@click.command(epilog=_PROBE_EXAMPLES)
@place_options
@click.option("--consumer", is_flag=True, help="Read in a group and commit, instead of writing.")
@click.option("--all", "both", is_flag=True, help="Write, then read.")
@output_option
@watch_option
def probe(place: Any, consumer: bool, both: bool, output: Output, watch: float | None) -> None:
    """Probe every broker now, as the schedule does: one heartbeat per broker, read back."""
    if consumer and both:
        raise click.UsageError("--consumer and --all can't be combined")
    from mskv.cluster import probed
    from mskv.output import run

    kinds = ["producer"]
    if consumer:
        kinds = ["consumer"]
    elif both:
        kinds = ["producer", "consumer"]
    sys.exit(run(lambda progress: probed(place, progress, kinds), output, watch))


@click.command(epilog=_WHY_EXAMPLES)
@place_options
@click.option("--verbose", is_flag=True, help="Notes and everything that works as well; the same as -o wide.")
@output_option
def why(place: Any, verbose: bool, output: Output) -> None:
    """Explain what keeps functions and pollers from the brokers: listeners, network, mappings, permissions."""
    from mskv.cluster import diagnosed
    from mskv.output import run

    sys.exit(run(lambda progress: diagnosed(place, progress, verbose=verbose or output == "wide"), output))


@click.command(epilog=_LAG_EXAMPLES)
@place_options
@click.argument("topic", required=False, shell_complete=forwarded_topics)
@output_option
@watch_option
def lag(place: Any, topic: str | None, output: Output, watch: float | None) -> None:
    """How far the forwarder's consumer groups are behind, in records and seconds.

    It runs the consumer probe, which commits the heartbeats that it reads in a group of its own.
    """
    from mskv.cluster import behind
    from mskv.output import run

    sys.exit(run(lambda progress: behind(place, progress, topic or ""), output, watch))
