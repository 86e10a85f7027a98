"""ADVANCED_SETTINGS: one JSON object for all functions, of which each reads its own."""

import logging

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.catalogue import advanced_settings_problems
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.renamed import warn_once

REQUIRED = {"VANTIQ_URL": "https://v", "VANTIQ_TOKEN_SECRET_ARN": "arn", "VANTIQ_TARGET": "topic:/orders"}
CLUSTER = {"CLUSTER_ARN": "arn", "AUTH_MODE": "iam"}


def forwarder(text: str, **variables: str) -> ForwarderSettings:
    return load(ForwarderSettings, REQUIRED | {"ADVANCED_SETTINGS": text} | variables)


def test_each_function_reads_its_own_settings_and_passes_over_those_of_others() -> None:
    text = '{"MAX_IN_FLIGHT": 16, "VANTIQ_TIMEOUT_SECONDS": 2.5, "STAGE_TIMEOUT_SECONDS": 7, "TOPICS_FILE": "b.yaml"}'
    settings = forwarder(text)
    assert (settings.max_in_flight, settings.vantiq_timeout_seconds, settings.max_attempts) == (16, 2.5, 5)
    assert load(ClusterSettings, CLUSTER | {"ADVANCED_SETTINGS": text}).stage_timeout_seconds == 7


@pytest.mark.parametrize("text", ["", "  ", "{}"])
def test_without_any_the_defaults_hold(text: str) -> None:
    assert forwarder(text).max_in_flight == 8


@pytest.mark.parametrize("text", ['{"MAX_IN_FLIGHT": "16"}', '{"MAX_IN_FLIGHT": 16}'])
def test_a_number_may_be_written_as_text(text: str) -> None:
    assert forwarder(text).max_in_flight == 16


@pytest.mark.parametrize(
    "text", ["16", "[]", "{", '{"MAX_IN_FLIGHT": null}', '{"MAX_IN_FLIGHT": [16]}', "hunter2", "\ud800"]
)
def test_anything_but_an_object_of_settings_is_refused_and_not_quoted(text: str) -> None:
    (problem,) = advanced_settings_problems(text)
    assert problem.startswith("ADVANCED_SETTINGS must be a JSON object of settings to texts, numbers, true or false")
    assert "hunter2" not in problem


def test_every_problem_is_reported_at_once_with_the_place_where_the_setting_belongs() -> None:
    text = '{"RECORDS_PER_SECOND": 5, "CONSUMER_GROUP": "x", "MAX_IN_FLIGTH": 4, "MAX_IN_FLIGHT":0, "MAX_RECORDS": "x"}'
    parameter, template, unknown, records, in_flight = advanced_settings_problems(text)
    assert parameter == "ADVANCED_SETTINGS: RECORDS_PER_SECOND has a parameter of its own: set RecordsPerSecond"
    assert template == "ADVANCED_SETTINGS: CONSUMER_GROUP is set by the template and can't be changed"
    assert unknown.startswith("ADVANCED_SETTINGS: MAX_IN_FLIGTH is not known; known are FAILURE_TOPICS (redrive), ")
    assert "MAX_IN_FLIGHT (forwarder, redrive)" in unknown
    assert records == "MAX_RECORDS: expected `int`, got `str`"
    assert in_flight == "MAX_IN_FLIGHT: expected `int` >= 1"


def test_a_function_refuses_what_no_function_knows() -> None:
    with pytest.raises(ConfigurationError, match="MAX_IN_FLIGTH is not known"):
        forwarder('{"MAX_IN_FLIGTH": 4}')


def test_a_setting_that_is_a_variable_as_well_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        forwarder('{"MAX_IN_FLIGHT": 4}', MAX_IN_FLIGHT="4")
    assert caught.value.problems == [
        "MAX_IN_FLIGHT is set both as a variable and in ADVANCED_SETTINGS: remove one of them"
    ]


def test_an_old_name_works_there_too(caplog: pytest.LogCaptureFixture) -> None:
    warn_once.cache_clear()
    assert forwarder('{"LANES": 3}').max_in_flight == 3
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert advanced_settings_problems('{"LANES": 3, "MAX_IN_FLIGHT": 3}') == [
        "ADVANCED_SETTINGS: MAX_IN_FLIGHT is given twice, once under its old name"
    ]
