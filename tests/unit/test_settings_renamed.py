"""A setting under its old name: read for one more release, with one warning in each execution environment."""

import logging
from collections.abc import Iterator

import msgspec
import pytest
from msk_toolkit import __version__
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.renamed import RENAMED, warn_once

REQUIRED = {"VANTIQ_URL": "https://v", "VANTIQ_TOKEN_SECRET_ARN": "arn", "VANTIQ_TARGET": "topic:/orders"}


@pytest.fixture(autouse=True)
def new_environment() -> Iterator[None]:
    warn_once.cache_clear()
    yield
    warn_once.cache_clear()


@pytest.mark.parametrize(
    ("old", "field"),
    [
        ("LANES", "max_in_flight"),
        ("RECORDS_PER_POST", "max_batch_records"),
        ("REFUSALS_ARE_AN_OUTAGE_AFTER", "max_consecutive_refusals"),
    ],
)
def test_the_old_name_still_works_and_is_logged_once(old: str, field: str, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert getattr(load(ForwarderSettings, REQUIRED | {old: "7"}), field) == 7
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"{old} was renamed to {field.upper()}; the old name works until version 0.4.0"


def test_the_current_name_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert load(ForwarderSettings, REQUIRED | {"MAX_IN_FLIGHT": "7", "LANES": " "}).max_in_flight == 7
    assert not caplog.records


def test_a_setting_under_both_names_is_refused_beside_every_other_problem() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(ForwarderSettings, REQUIRED | {"LANES": "7", "MAX_IN_FLIGHT": "7", "ORDERING": "topic"})
    assert caught.value.problems == [
        "LANES is the old name of MAX_IN_FLIGHT, and both are set: remove LANES",
        "ORDERING: must be one of partition, key, none",
    ]


def test_a_wrong_value_under_the_old_name_is_reported_under_the_current_one() -> None:
    with pytest.raises(ConfigurationError, match="MAX_IN_FLIGHT: expected `int` >= 1"):
        load(ForwarderSettings, REQUIRED | {"LANES": "0"})


def test_no_old_name_outlives_the_version_that_removes_it() -> None:
    fields = {field.name.upper() for field in msgspec.structs.fields(ForwarderSettings)}
    for old, renamed in RENAMED.items():
        assert old not in fields
        assert renamed.name in fields
        current, removed_in = (tuple(map(int, version.split("."))) for version in (__version__, renamed.removed_in))
        assert current < removed_in, f"remove {old} from msk_toolkit.settings.renamed"
