"""How long the dead-letter bucket keeps what: as the user says, and a letter for ever unless the user says so."""

from typing import Any

import pytest

from tests.template.stack import Stack, raw_template


def rules(**answers: str) -> dict[str, dict[str, Any]]:
    found = Stack(**answers).properties("DeadLetterBucket")["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in found)
    return {rule["Id"]: rule for rule in found}


def test_versions_markers_and_unfinished_uploads_end_after_thirty_days_and_letters_never() -> None:
    (rule,) = rules().values()
    assert int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) == 30
    assert int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]) == 30
    assert rule["ExpiredObjectDeleteMarker"] is True
    # For the whole bucket: no prefix, no filter.
    assert not {"Prefix", "Filter", "TagFilters"} & rule.keys()


@pytest.mark.parametrize("days", ["1", "400"])
def test_the_user_says_how_long_each_is_kept(days: str) -> None:
    found = rules(DeadLetterDays=days, DeadLetterVersionDays=days)
    assert found["everything"]["ExpirationInDays"] == days
    assert found["deleted-and-replaced"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == days
    # S3 refuses an expiration and the end of markers in one rule.
    assert "ExpiredObjectDeleteMarker" not in found["everything"]


def test_no_version_ends_within_the_day_in_which_it_is_made() -> None:
    assert raw_template()["Parameters"]["DeadLetterVersionDays"]["MinValue"] == 1
