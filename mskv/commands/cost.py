"""``mskv cost``: what the stack costs a month."""

import sys
from typing import Any

import click

from mskv.options import Output, output_option, place_options

_EXAMPLES = """
\b
Examples:
  mskv cost
  mskv cost -o json | jq .usd

\b
Exit status: 0 done, 2 invalid options, 3 not reached.
"""


@click.command(epilog=_EXAMPLES)
@place_options
@output_option
def cost(place: Any, output: Output) -> None:
    """Estimate what the stack costs a month while no record flows, from its metrics, alarms, schedules and parameters.

    Metrics and alarms are counted in CloudWatch; the rest is the model of docs/cost.md, with prices of us-east-1. MSK,
    NAT gateways and endpoints are not in it.
    """
    from mskv.cost import estimated
    from mskv.output import run

    sys.exit(run(lambda progress: estimated(place, progress), output))
