"""``python -m tests.fuzz TARGET --count N --seed S``: a run of inputs, or the one whose number is given.

Exits with 1 where the product failed at one.
"""

import argparse
import sys

from tests.fuzz.frame import input_of, run
from tests.fuzz.targets import TARGETS

_LONGEST_SHOWN = 10_000


def main() -> int:
    """Play them and print the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="show and play the input of this number")
    arguments = parser.parse_args()
    target = TARGETS[arguments.target].make()
    numbers = range(arguments.count)
    if arguments.only is not None:
        numbers = range(arguments.only, arguments.only + 1)
        print(repr(input_of(target, arguments.seed, arguments.only))[:_LONGEST_SHOWN])
    report = run(arguments.target, target, numbers, seed=arguments.seed, interrupt=True)
    print(report)
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
