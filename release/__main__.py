"""`python -m release`: make a release, or set the version."""

import sys
from pathlib import Path

import click

from release.errors import ReleaseError
from release.steps import Options, make_release
from release.version import current_version, set_version

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build" / "release"


@click.group()
def commands() -> None:
    """Releases of the toolkit; docs/releasing.md explains each step."""


@commands.command()
@click.option("--tests", is_flag=True, help="Also run the whole test suite.")
@click.option("--tag", is_flag=True, help="Commit the changelog and set the tag when everything has passed.")
@click.option("--uv", default="uv", show_default=True, help="The uv that exports the lock file.")
def make(tests: bool, tag: bool, uv: str) -> None:
    """Check, build and package the current version."""
    checks = ("check", "test") if tests else ("check",)
    make_release(ROOT, TARGET, Options(checks, tag, uv), click.echo)


@commands.command()
@click.argument("new")
def version(new: str) -> None:
    """Write another version into every file that names it."""
    before = current_version(ROOT)
    set_version(ROOT, new)
    click.echo(f"{before} -> {new}: run make docs, and commit")


def main() -> None:
    """Run the command line; never returns."""
    try:
        commands(prog_name="python -m release")
    except ReleaseError as error:
        for reason in error.reasons:
            click.echo(f"no release: {reason}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
