"""Everything fails, over and over: nothing is lost, altered, out of order or forgotten in the bucket.

`make torture` plays many seeds with many records; here, a few seeds with few.
"""

import os

import pytest

from tests.torture.run import run
from tests.torture.scenario import scenario

SEEDS = [int(seed) for seed in os.environ.get("TORTURE_SEEDS", "1 3 8").split()]
RECORDS = int(os.environ.get("TORTURE_RECORDS", "800"))

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_whatever_fails(seed: int) -> None:
    played = scenario(seed, RECORDS)
    print(played)
    result = run(played, killing=0.15, starving=0.1, failing_s3=0.1, limit_s=60 + RECORDS / 10)
    print(result)
    assert result.lost == []
    assert result.altered == []
    assert result.violations == []
    assert result.poison_not_set_aside == []
    assert result.left_in_the_bucket == []
    assert result.delivered == result.produced
