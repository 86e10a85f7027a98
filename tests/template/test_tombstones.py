"""What becomes of tombstones in a stack: the functions that send know it, and what could not work is refused."""

import pytest

from tests.template.stack import Stack


def test_the_forwarder_and_the_redrive_treat_tombstones_alike() -> None:
    deployed = Stack(Tombstones="delete", VantiqTarget="upsert:Order")
    for function in ("ForwarderFunction", "RedriveFunction"):
        assert deployed.variables(function)["TOMBSTONES"] == "delete"
    assert deployed.refusals() == []
    assert Stack().variables("ForwarderFunction")["TOMBSTONES"] == "forward"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"Ordering": "none"}, "Tombstones delete requires Ordering partition or key"),
        ({"TargetCheck": "off"}, "Tombstones delete requires TargetCheck"),
    ],
)
def test_deletions_without_order_or_natural_key_are_refused(answers: dict[str, str], words: str) -> None:
    (refusal,) = Stack(Tombstones="delete", **answers).refusals()
    assert words in refusal
    assert Stack(Tombstones="drop", **answers).refusals() == []
