"""``mskv token``: Vantiq's access token in the stack's secret."""

import sys
from typing import Any

import click

from mskv.options import DefaultGroup, Output, output_option, place_options

_EXAMPLES = """
\b
Examples:
  mskv token                           whether Vantiq accepts the token in the secret
  mskv token set                       asks for the new token, without showing it
  pass show vantiq | mskv token set --yes

\b
Exit status: 0 Vantiq accepts the token, 1 it does not, 2 invalid options, 3 not reached.
"""


@click.group(cls=DefaultGroup, epilog=_EXAMPLES)
def token() -> None:
    """Vantiq's access token; without a command: whether Vantiq accepts it."""


token.default = "test"


@token.command()
@place_options
@output_option
def test(place: Any, output: Output) -> None:
    """Have the stack ask Vantiq for the forwarder's targets with the token in the secret; nothing is changed."""
    from mskv.output import run
    from mskv.token import tested

    sys.exit(run(lambda progress: tested(place, progress), output))


@token.command("set")
@place_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def set_token(place: Any, yes: bool, output: Output) -> None:
    """Write a new token, read from standard input, to the stack's secret, after showing the plan; then test it.

    The secret keeps its form and its other keys. The token is never an argument, and is not printed.
    """
    from mskv.approval import read_hidden
    from mskv.token import set_approved
    from mskv.token_secret import MAX_TOKEN, checked_token

    try:
        new = checked_token(read_hidden("New token of Vantiq", MAX_TOKEN))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    sys.exit(set_approved(place, new, output, yes=yes))
