"""``python -m local.container build [--tag TAG]``: the stand-in base image; prints its tag for --invoke-image."""

import argparse
import sys

from local.container.filesystem import NoSuchCommandError
from local.container.image import TAG, ImageError, build


def main() -> int:
    """Run the command line; 0 when the image stands, 1 with a sentence on stderr when it can't be made."""
    parser = argparse.ArgumentParser(
        prog="python -m local.container", description="Build the base image for sam local invoke and print its tag."
    )
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("build", help="make the image unless an up-to-date one exists")
    make.add_argument("--tag", default=TAG)
    options = parser.parse_args()
    try:
        made = build(options.tag)
    except (ImageError, NoSuchCommandError) as exc:
        print(exc, file=sys.stderr)
        return 1
    print("made" if made else "up to date", file=sys.stderr)
    print(options.tag)
    return 0


if __name__ == "__main__":
    sys.exit(main())
