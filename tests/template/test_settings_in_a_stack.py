"""Each setting of each function can be set in a deployed stack, or stands on a list with the reason why not."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from msk_toolkit.settings.advanced import ADVANCED, FROM_THE_TEMPLATE, PARAMETERS, is_advanced
from msk_toolkit.settings.catalogue import MODELS

from tests.template.stack import raw_template, with_every_function
from tests.unit.test_documents import RESOURCES

_OF_A_REPLAY = "a replay has its own: the request's, the function's, or none (redrive/environment.py, replaying)"
_ONLY_FORWARDING = "matters only while a batch of the mapping is forwarded"
_ONLY_THE_PAIR = "it logs in with what SCRAM_SECRET_ARN holds, and explains no refused login"
# What a stack can't set, and why: on a laptop it is an environment variable like all others.
LAPTOP_ONLY: Mapping[tuple[str, str], str] = {
    ("redrive", "ORDERING"): _OF_A_REPLAY,
    ("redrive", "RECORDS_PER_SECOND"): _OF_A_REPLAY,
    ("redrive", "RESERVE_SECONDS"): _OF_A_REPLAY,
    ("redrive", "MAX_CONSECUTIVE_REFUSALS"): _OF_A_REPLAY,
    ("redrive", "SET_ASIDE"): _OF_A_REPLAY,
    ("redrive", "POLLER_MODE"): _ONLY_FORWARDING,
    ("redrive", "ON_REFUSAL"): "a letter that is refused again stays in the bucket, whatever this says",
    ("redrive", "LOG_PAYLOAD_BYTES"): "inspect shows a letter's payload when it is asked for",
    ("redrive", "DETAILED_METRICS"): "it publishes two metrics, and both always",
    ("diagnose", "DETAILED_METRICS"): "it publishes no metrics",
    ("topics", "SCRAM_USERS"): _ONLY_THE_PAIR,
    ("redrive", "SCRAM_USERS"): _ONLY_THE_PAIR,
}


def settings_of(function: str) -> set[str]:
    return {field.name.upper() for model in MODELS[function] for field in msgspec.structs.fields(model)}


def sources(function: str) -> dict[str, str]:
    """The variables of a function as the template writes them, as JSON, with the conditions that choose between two."""
    resource = raw_template()["Resources"][RESOURCES[function]]
    variables: dict[str, Any] = resource["Properties"]["Environment"]["Variables"]
    return {name: written(value) for name, value in variables.items()}


def written(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    if isinstance(value, dict) and "Fn::If" in value:
        condition = raw_template()["Conditions"][value["Fn::If"][0]]
        text += msgspec.json.encode(condition).decode()
    return text


def test_the_catalogue_has_every_function() -> None:
    assert MODELS.keys() == RESOURCES.keys()


@pytest.mark.parametrize("function", RESOURCES)
def test_every_setting_can_be_set_in_a_stack_or_has_a_reason_why_not(function: str) -> None:
    in_template = sources(function).keys()
    for setting in settings_of(function):
        places = [setting in in_template, is_advanced(setting, function), (function, setting) in LAPTOP_ONLY]
        assert places.count(True) == 1, f"{function} reads {setting}: set it in one place of a stack"


@pytest.mark.parametrize("function", RESOURCES)
def test_every_function_gets_the_advanced_settings(function: str) -> None:
    text = '{"MAX_IN_FLIGHT": 4}'
    assert with_every_function(AdvancedSettings=text).variables(RESOURCES[function])["ADVANCED_SETTINGS"] == text


@pytest.mark.parametrize("function", RESOURCES)
def test_a_variable_comes_from_the_parameter_that_the_table_names(function: str) -> None:
    for setting, source in sources(function).items():
        if setting in PARAMETERS:
            assert f'"{PARAMETERS[setting]}"' in source, setting
        else:
            assert setting in FROM_THE_TEMPLATE, setting


def test_the_three_tables_name_each_setting_once_and_nothing_else() -> None:
    read = {setting for function in MODELS for setting in settings_of(function)}
    named = [*ADVANCED, *PARAMETERS, *FROM_THE_TEMPLATE]
    assert sorted(named) == sorted(read)
    assert set(PARAMETERS.values()) <= raw_template()["Parameters"].keys()


def test_an_advanced_setting_names_only_functions_that_read_it() -> None:
    for setting, functions in ADVANCED.items():
        assert [function for function in functions if setting not in settings_of(function)] == []


def test_the_list_names_only_settings_that_a_function_reads() -> None:
    assert [(function, setting) for function, setting in LAPTOP_ONLY if setting not in settings_of(function)] == []


def test_the_redrive_sends_to_the_same_place_in_the_same_form_as_the_forwarder() -> None:
    parameters = ("VANTIQ_URL", "VANTIQ_NAMESPACE", "VANTIQ_TARGET", "VANTIQ_ROUTES", "PAYLOAD", "MAX_BATCH_RECORDS")
    forwarder, redrive = sources("forwarder"), sources("redrive")
    assert [forwarder[name] for name in parameters] == [redrive[name] for name in parameters]


@pytest.mark.parametrize("parameter", ["VantiqRoutes", "AdvancedSettings"])
@pytest.mark.parametrize(("text", "taken"), [("", True), ('{"a": 1}', True), ('{\n"a": 1\n}\n', True), ("{", False)])
def test_what_is_left_of_an_unquoted_object_is_refused(parameter: str, text: str, taken: bool) -> None:
    pattern = raw_template()["Parameters"][parameter]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, text)) == taken
