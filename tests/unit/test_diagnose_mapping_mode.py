"""Pollers that cost money though the stack says on demand, the reverse, and poller groups that hold too much."""

from typing import Any

import pytest
from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.aws.poller_groups import poller_group_problems
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings, poller_needs

from tests.fakes.networks import BROKERS_SIDE, open_facts, pollers


def state(topic: str = "orders", *, provisioned: bool = True, state: str = "Enabled", **more: Any) -> MappingState:
    numbers = {"minimum_pollers": 1, "maximum_pollers": 3} if provisioned else {}
    return MappingState(f"uuid-{topic}", [topic], state, "", "OK", provisioned, **{**numbers, **more})


def modes_of(*states: MappingState, provisioned: bool) -> list[tuple[str, str, str]]:
    facts = MappingFacts(states=list(states), denied=[])
    findings = mapping_findings(open_facts(), BROKERS_SIDE, pollers(provisioned=provisioned), facts)
    return [
        (each.severity, each.text, each.remedy) for each in findings if each.code in {"mapping-mode", "poller-group"}
    ]


def test_pollers_that_the_stack_no_longer_wants_are_told_with_their_cost_and_the_command_that_ends_them() -> None:
    assert modes_of(state(), provisioned=False) == [
        (
            "warning",
            "the mapping of orders is provisioned (1 to 3 pollers), but the stack is on-demand: it costs about 135 "
            "USD a month or more",
            "aws lambda update-event-source-mapping --uuid uuid-orders --provisioned-poller-config '{}'",
        )
    ]
    ((_, text, _),) = modes_of(state(poller_group="shop"), provisioned=False)
    assert "its poller group shop costs about 135 USD" in text


def test_a_mapping_that_stayed_on_demand_is_an_error_of_a_provisioned_stack() -> None:
    ((severity, text, remedy),) = modes_of(state(provisioned=False), provisioned=True)
    assert (severity, "is on demand, but the stack is provisioned" in text) == ("error", True)
    assert "--uuid uuid-orders --provisioned-poller-config MinimumPollers=1" in remedy


@pytest.mark.parametrize("provisioned", [True, False])
def test_mappings_in_the_stacks_own_mode_say_nothing(provisioned: bool) -> None:
    assert modes_of(state(provisioned=provisioned), provisioned=provisioned) == []


def test_in_the_middle_of_a_change_the_mode_is_a_note() -> None:
    assert [severity for severity, *_ in modes_of(state(state="Updating"), provisioned=False)] == ["note"]


def test_a_destination_that_an_on_demand_mapping_kept_ends_its_tries() -> None:
    ((severity, text, remedy),) = modes_of(
        state(provisioned=False, destination="arn:aws:s3:::letters"), provisioned=False
    )
    assert (severity, "Lambda discards a batch after ten attempts" in text) == ("error", True)
    assert """--destination-config '{"OnFailure":{"Destination":""}}'""" in remedy


@pytest.mark.parametrize(
    ("maximums", "problems"),
    [
        ([20] * 100, []),
        ([1] * 101, ["101 mappings, and Lambda allows at most 100"]),
        ([2000, 1], ["up to 2001 pollers in all, and Lambda allows at most 2000"]),
        (
            [100] * 101,
            [
                "101 mappings, and Lambda allows at most 100",
                "up to 10100 pollers in all, and Lambda allows at most 2000",
            ],
        ),
    ],
)
def test_a_group_holds_what_lambda_takes(maximums: list[int], problems: list[str]) -> None:
    assert poller_group_problems(maximums) == problems


def test_a_group_that_holds_too_much_is_told() -> None:
    many = [state(f"t-{number}", maximum_pollers=1000, poller_group="shop") for number in range(3)]
    ((severity, text, remedy),) = modes_of(*many, provisioned=True)
    assert severity == "warning"
    assert text == "poller group shop: up to 3000 pollers in all, and Lambda allows at most 2000"
    assert "MaximumPollers" in remedy


def test_mappings_with_a_filter_are_noted_as_one_and_it_is_no_fault() -> None:
    states = [state(filters=1), state("a.b", filters=1), state("c")]
    facts = MappingFacts(states=states, denied=[])
    findings = mapping_findings(open_facts(), BROKERS_SIDE, pollers(provisioned=True), facts)
    (note,) = [finding for finding in findings if finding.code == "record-filter"]
    assert (note.severity, "orders and a.b have filters" in note.text) == ("note", True)


def test_pollers_that_give_up_to_a_topic_need_no_bucket() -> None:
    def services(*states: MappingState) -> list[str]:
        return [need.service for need in poller_needs(pollers(provisioned=True), states)]

    to_topic, to_bucket = state(destination="kafka://given-up"), state("a", destination="arn:aws:s3:::letters")
    assert services(to_topic) == []
    assert services(to_topic, to_bucket) == services() == ["s3"]
