"""events/env.example.json: what `sam local invoke --env-vars` can hand to each function, and values that it takes."""

from typing import Any

import msgspec
import pytest
from msk_toolkit.settings.loading import load

from docs.settings_page import SETTINGS
from tests.template.stack import with_every_function
from tests.unit.test_documents import ALSO_READS, ENVIRONMENT, RESOURCES, ROOT

FOR_ALL = "Parameters"


def example() -> dict[str, dict[str, str]]:
    text = (ROOT / "events" / f"{ENVIRONMENT}.json").read_text()
    return msgspec.json.decode(text, type=dict[str, dict[str, str]])


def passed_on(function: str) -> dict[str, str]:
    """What SAM hands to a function: of the file's variables those that the template names, its own before all's."""
    found = example()
    values = {**found[FOR_ALL], **found.get(RESOURCES[function], {})}
    named = with_every_function().variables(RESOURCES[function])
    return {name: value for name, value in values.items() if name in named}


def test_the_example_has_a_part_for_all_and_parts_for_functions_of_the_template() -> None:
    assert example().keys() - {FOR_ALL} <= set(RESOURCES.values())


@pytest.mark.parametrize("function", RESOURCES)
def test_the_example_names_every_variable_that_the_template_gives_to_a_function(function: str) -> None:
    assert passed_on(function).keys() == with_every_function().variables(RESOURCES[function]).keys()


@pytest.mark.parametrize("function", RESOURCES)
def test_a_functions_own_part_of_the_example_names_nothing_that_sam_would_drop(function: str) -> None:
    assert example().get(RESOURCES[function], {}).keys() <= with_every_function().variables(RESOURCES[function]).keys()


@pytest.mark.parametrize("function", RESOURCES)
def test_a_function_takes_the_examples_values(function: str) -> None:
    models: tuple[type[Any], ...] = (SETTINGS[function], *ALSO_READS.get(function, ()))
    for model in models:
        load(model, passed_on(function))
