"""``mskv status``: the state of the whole path."""

import sys
from typing import Any

import click

from mskv.options import Output, output_option, place_options, watch_option

_EXAMPLES = """
\b
Examples:
  mskv status
  mskv status -w 10
  mskv status -o wide        each broker; owner, runbook and log group of each problem
  mskv status -o json

\b
Exit status: 0 all is well, 1 something is wrong or not known, 2 invalid options, 3 not reached.
"""


@click.command(epilog=_EXAMPLES)
@place_options
@output_option
@watch_option
def status(place: Any, output: Output, watch: float | None) -> None:
    """The whole path from Kafka to Vantiq: each part and its problems, worst first, with what to do.

    It reads what the functions have logged, the mappings, the bucket and the alarms. It connects to no broker and
    changes nothing: `mskv probe` looks at the brokers now.
    """
    from mskv.output import run
    from mskv.status import path_state

    sys.exit(run(lambda progress: path_state(place, progress), output, watch))
