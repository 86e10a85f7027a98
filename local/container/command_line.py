"""The command line of ``python -m local.container``."""

import argparse
import sys

from local.container.filesystem import NoSuchCommandError
from local.container.image import TAG, ImageError, build


def main() -> int:
    """Run the command line; 0 when the image exists, 1 with a sentence on stderr when it can't be made."""
    parser = argparse.ArgumentParser(
        prog="python -m local.container", description="Build the base image for sam local invoke and print its tag."
    )
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("build", help="build the image unless it is up to date")
    make.add_argument("--tag", default=TAG, help="(default: %(default)s)")
    options = parser.parse_args()
    try:
        made = build(options.tag)
    except (ImageError, NoSuchCommandError) as exc:
        print(exc, file=sys.stderr)
        return 1
    print({True: "built", False: "up to date"}[made], file=sys.stderr)
    print(f"use it: sam local invoke ... --invoke-image {options.tag} --skip-pull-image", file=sys.stderr)
    print(options.tag)
    return 0
