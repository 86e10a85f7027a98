"""The decision modules that are mutated, and the unit tests that have to notice."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LAYER = "layers/msk_toolkit/msk_toolkit"


class Package(NamedTuple):
    """Modules and tests, as glob patterns from the layer and from the checkout on."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PACKAGES: dict[str, Package] = {
    "forward": Package(("forward/*.py",), ("tests/unit/test_forward_*.py", "tests/unit/test_target_check.py")),
    "vantiq": Package(
        ("vantiq/re*.py", "vantiq/targets.py", "vantiq/target_state.py", "vantiq/token.py", "target_kinds.py"),
        ("tests/unit/test_vantiq_re*.py", "tests/unit/test_vantiq_t*.py", "tests/unit/test_target_*.py"),
    ),
    "topics": Package(("topics/plan.py",), ("tests/unit/test_topics_plan*.py", "tests/unit/test_topics_apply.py")),
    "probe": Package(("probe/verdict.py",), ("tests/unit/test_probe_*.py",)),
    "redrive": Package(("redrive/*.py",), ("tests/unit/test_redrive*.py",)),
}


def modules_of(package: Package) -> Iterator[Path]:
    """Paths from the checkout on."""
    for pattern in package.modules:
        for path in sorted((ROOT / LAYER).glob(pattern)):
            yield path.relative_to(ROOT)


def unit_tests_of(package: Package) -> list[str]:
    """The test files, from the checkout on."""
    files: list[Path] = []
    for pattern in package.tests:
        files += sorted(ROOT.glob(pattern))
    return [path.relative_to(ROOT).as_posix() for path in dict.fromkeys(files)]
