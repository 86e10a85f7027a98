"""``mskv topics``: plan, apply, check, export and delete."""

import sys
from pathlib import Path
from typing import Any

import click

from mskv.options import DefaultGroup, Output, output_option, place_options

_EXAMPLES = """
\b
Examples:
  mskv topics                          the plan
  mskv topics plan -o json > plan.json
  mskv topics apply                    shows the plan, asks, applies exactly that plan
  mskv topics apply --plan plan.json --yes
  mskv topics apply --only orders
  mskv topics check                    exit status 1 if the cluster differs from the declaration
  mskv topics export topics.yaml       the topics of the cluster, as a declaration
  mskv topics delete old-orders --although not-empty

\b
Exit status: 0 done, 1 refused, incomplete or drift, 2 invalid options, 3 not reached.
"""
_ONLY = click.option("--only", metavar="NAME", multiple=True, help="Only this declared topic; may be repeated.")


@click.group(cls=DefaultGroup, epilog=_EXAMPLES)
def topics() -> None:
    """Bring the topics of the cluster to what topics.yaml declares; without a command: the plan."""


topics.default = "plan"


@topics.command()
@place_options
@_ONLY
@output_option
def plan(place: Any, only: tuple[str, ...], output: Output) -> None:
    """Show what an apply would change."""
    from mskv.output import run
    from mskv.topics import planned

    sys.exit(run(lambda progress: planned(place, progress, only), output))


@topics.command()
@place_options
@_ONLY
@output_option
def check(place: Any, only: tuple[str, ...], output: Output) -> None:
    """Compare the cluster with the declaration, as the schedule does."""
    from mskv.output import run
    from mskv.topics import checked

    sys.exit(run(lambda progress: checked(place, progress, only), output))


@topics.command()
@place_options
@_ONLY
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Apply this plan (of `plan -o json`); refused if the cluster has changed since.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def apply(place: Any, only: tuple[str, ...], plan_file: Path | None, yes: bool, output: Output) -> None:
    """Show the plan, ask, and apply exactly that plan."""
    if plan_file and only:
        raise click.UsageError("--plan and --only can't be combined: a plan names its topics")
    from mskv.topics import apply_approved

    sys.exit(apply_approved(place, plan_file, only, output, yes=yes))


@topics.command()
@place_options
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--only", metavar="NAME", multiple=True, help="Only this topic of the cluster; may be repeated.")
@click.option("--force", is_flag=True, help="Write over an existing file.")
@output_option
def export(place: Any, file: Path | None, only: tuple[str, ...], force: bool, output: Output) -> None:
    """Write a topics.yaml of the topics that the cluster has, to adopt an existing one: its plan changes nothing.

    Without FILE it is printed. It has the topics' own settings; what they inherit from the cluster is left out, and so
    are internal topics.
    """
    from mskv.output import run
    from mskv.topics import exported

    sys.exit(run(lambda progress: exported(place, progress, only, file, force=force), output))


@topics.command()
@place_options
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--although",
    type=click.Choice(["protected", "declared", "not-empty", "internal"]),
    multiple=True,
    help="Delete it in spite of this; may be repeated.",
)
@click.option("--yes", is_flag=True, help="Do not ask for each name again.")
@output_option
def delete(place: Any, names: tuple[str, ...], although: tuple[str, ...], yes: bool, output: Output) -> None:
    """Delete topics with their records, after typing each name again."""
    from mskv.approval import confirm_names
    from mskv.output import run
    from mskv.topics import deleted

    confirm_names(names, yes=yes)
    sys.exit(run(lambda progress: deleted(place, progress, names, although), output))
