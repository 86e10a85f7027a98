"""Change the decision modules one place at a time and see whether a test notices: ``make mutants``.

MUTANTS (number of changes, 0 for all; default 100), MUTANT_SEED (default 1) and MUTANT_PACKAGES (such as ``forward
vantiq``) choose. Each change runs, in a copy of the tree, against the tests that run its line, two at a time. An own
script of two hundred lines: mutmut 3 and cosmic-ray both mutate whole trees into a session of their own and neither
takes a sample by seed, nor the tests by line.

Exit status 1 where fewer than 95 % of those that are not accepted (accepted.txt) were noticed.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.accepted import FILE, Accepted, read_accepted
from tests.mutants.changes import changes
from tests.mutants.packages import LAYER, PACKAGES, ROOT, modules_of, unit_tests_of
from tests.mutants.run import Mutant, Tests, copy_tree, lines_of_tests, runs_green

_WORKERS = 2
_REQUIRED = 0.95


def main() -> int:
    """Run a sample and print the survivors."""
    count, seed = int(os.environ.get("MUTANTS", "100")), int(os.environ.get("MUTANT_SEED", "1"))
    names = os.environ.get("MUTANT_PACKAGES", "").split() or list(PACKAGES)
    mutants = sample(all_mutants(names), count, seed)
    print(f"{len(mutants)} changes in {', '.join(names)} (seed {seed})", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [copy_tree(Path(folder) / str(number)) for number in range(_WORKERS)]
        survivors = run_all(mutants, trees, tests_by_package(names, trees[0]))
    return report(survivors, len(mutants), time.monotonic() - started)


def all_mutants(names: Sequence[str]) -> list[Mutant]:
    """Every change of these packages."""
    mutants: list[Mutant] = []
    for name in names:
        for module in modules_of(PACKAGES[name]):
            source = (ROOT / module).read_text(encoding="utf-8")
            mutants += [Mutant(name, module, change) for change in changes(source)]
    return mutants


def sample(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them, the same for a seed; all where ``count`` is 0."""
    if not count or count >= len(mutants):
        return list(mutants)
    return random.Random(seed).sample(mutants, count)  # noqa: S311 - a sample of changes, not a secret


def tests_by_package(names: Sequence[str], tree: Path) -> dict[str, Tests]:
    """Which tests run which lines, without any change.

    Raises:
        SystemExit: a test fails already.
    """
    tests: dict[str, Tests] = {}
    for name in names:
        modules = [module.as_posix() for module in modules_of(PACKAGES[name])]
        tests[name] = lines_of_tests(tree, modules, unit_tests_of(PACKAGES[name]))
        print(f"{name}: {len(tests[name].seconds)} tests in {sum(tests[name].seconds.values()):.0f} s", flush=True)
    return tests


def run_all(mutants: Sequence[Mutant], trees: Sequence[Path], tests: dict[str, Tests]) -> list[Mutant]:
    """The mutants that no test notices."""
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def survives(mutant: Mutant) -> bool:
        tree = free.get()
        try:
            return runs_green(mutant, tree, tests[mutant.package])
        finally:
            free.put(tree)

    survivors: list[Mutant] = []
    with ThreadPoolExecutor(len(trees)) as pool:
        for mutant, survived in zip(mutants, pool.map(survives, mutants), strict=True):
            if survived:
                survivors.append(mutant)
                print(f"survived: {mutant}", flush=True)
    return survivors


def report(survivors: Sequence[Mutant], count: int, seconds: float) -> int:
    """Print the survivors that are not accepted, and the share that was noticed."""
    accepted = read_accepted(FILE.read_text(encoding="utf-8"))
    open_survivors = [mutant for mutant in survivors if not is_accepted(mutant, accepted)]
    counted = count - len(survivors) + len(open_survivors)
    share = 1 - len(open_survivors) / max(1, counted)
    print(f"\n{count - len(survivors)} of {count} noticed, {len(survivors) - len(open_survivors)} accepted survivors")
    for mutant in sorted(open_survivors, key=str):
        print(f"  {mutant}")
    print(f"{share:.1%} of those that are not accepted, in {seconds:.0f} s; required: {_REQUIRED:.0%}")
    return 0 if share >= _REQUIRED else 1


def is_accepted(mutant: Mutant, accepted: Sequence[Accepted]) -> bool:
    """Whether accepted.txt lists it."""
    module = mutant.module.relative_to(LAYER).as_posix()
    key = (module, mutant.change.function, mutant.text)
    return key in {(entry.module, entry.function, entry.change) for entry in accepted}


if __name__ == "__main__":
    sys.exit(main())
