"""Each record's own result decides, in whichever form it comes.

The long run is ``TORTURE_ELEMENTS=25000 make torture``: four seeds, 100,000 records.
"""

import os
from collections import Counter

import pytest

from tests.torture.count import Result
from tests.torture.elements import elements
from tests.torture.function import Chances
from tests.torture.run import run

RECORDS = int(os.environ.get("TORTURE_ELEMENTS", "1000"))

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
_results: dict[int, Result] = {}


# Inserts and upserts, each in provisioned mode and on demand.
@pytest.mark.parametrize("seed", range(4))
def test_no_element_counts_as_delivered_that_was_not_and_none_is_set_aside_for_nothing(seed: int) -> None:
    played = elements(seed, RECORDS)
    print(played)
    # A request of a killed environment may arrive after those of the next: an insert of it is there already.
    killing = (0.1, 0.0)[seed % 2]
    chances = Chances(killing=killing, stalling=0.0, starving=0.0, failing_s3=0.1)
    result = run(played, chances, limit_seconds=120 + RECORDS / 20)
    print(result)
    _results[seed] = result
    assert result.lost == []
    assert result.altered == []
    assert result.violations == []
    assert result.poison_not_set_aside == []
    assert result.set_aside_for_nothing == []
    assert result.left_in_the_bucket == []
    assert result.delivered == result.produced


def test_elements_failed_in_every_form() -> None:
    faults, answers = Counter[str](), Counter[str]()
    for result in _results.values():
        faults.update(result.faults)
        answers.update(result.answers)
    print(f"{sum(result.produced for result in _results.values())} records; faults {dict(faults)}; {dict(answers)}")
    print(f"dead letters {sum(result.dead_lettered for result in _results.values())}")
    assert faults["index_errors"]
    if RECORDS >= 2000:  # a few records meet a few faults only
        assert faults.keys() >= {"index_errors", "early_hints", "status", "html", "reset"}
        assert answers.keys() >= {"200", "204", "400", "409", "429", "503"}
