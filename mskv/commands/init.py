"""``mskv init``: the configuration of a stack for a cluster that exists."""

import sys
from typing import Any

import click

from mskv.options import Output, output_option, place_options

_EXAMPLES = """
\b
Examples:
  mskv init                                      asks AWS, then you, and shows everything before it writes
  mskv init --region eu-central-1 --cluster orders
  mskv init --yes --set VantiqUrl=https://dev.vantiq.com --set ForwardTopics=orders,payments
  mskv init --config-env prod --stack msk-vantiq-prod

\b
Exit status: 0 written, 1 something is in the way (nothing is written), 2 invalid options, 3 AWS was not reached.
"""


@click.command(epilog=_EXAMPLES)
@place_options
@click.option("--cluster", metavar="NAME|ARN", default="", help="The MSK cluster (default: the only one, or asked).")
@click.option("--set", "settings", metavar="PARAMETER=VALUE", multiple=True, help="A parameter's value; repeatable.")
@click.option("--config-env", default="default", show_default=True, help="Environment of samconfig.toml.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def init(place: Any, cluster: str, settings: tuple[str, ...], config_env: str, yes: bool, output: Output) -> None:
    """Propose every parameter for a cluster that exists, with its reason, and write samconfig.toml and topics.yaml.

    It only reads from AWS: clusters, secrets' names and keys (never a value), subnets, routes, security group rules,
    topics. What samconfig.toml or --set say already is kept. Run it beside template.yaml.
    """
    from mskv.init.wizard import Wishes, run_init

    malformed = [text for text in settings if "=" not in text]
    if malformed:
        raise click.UsageError(f"--set takes PARAMETER=VALUE, not {', '.join(malformed)}")
    given = dict(text.split("=", 1) for text in settings)
    sys.exit(run_init(place, Wishes(cluster, given, config_env, yes), output))
