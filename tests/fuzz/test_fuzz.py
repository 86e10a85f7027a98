"""A short run of each fuzz target; ``make fuzz`` plays many more, and tests/fuzz/__main__.py a single one."""

import pytest

from tests.fuzz.frame import run
from tests.fuzz.targets import TARGETS

SEED = 16

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_in_ends_in_an_answer_or_in_an_error_of_the_toolkit(name: str) -> None:
    target = TARGETS[name]
    report = run(name, target.make(), range(target.short), seed=SEED)
    print(report)
    assert report.is_clean, str(report)
