"""docs/deploying.md says of every parameter what a change does, and of what is made anew the whole truth."""

import re
from pathlib import Path

from tests.template.contract.deployed import LONGEST_STACK_NAME, SAMPLE
from tests.template.contract.replaced import Replaced, replaced
from tests.template.stack import raw_template, read_template

PAGE = (Path(__file__).parents[2] / "docs/deploying.md").read_text(encoding="utf-8")
_CODE = re.compile(r"`([^`]+)`")


def table(heading: str) -> list[list[str]]:
    """The cells of the rows under the heading that begins with this cell."""
    _, _, after = PAGE.partition(f"| {heading} |")
    assert after, heading
    lines = after.splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def test_every_parameter_has_a_row_that_says_what_a_change_does() -> None:
    rows = table("Parameter | What a change does")
    named = [name for cells in rows for name in _CODE.findall(cells[0])]
    assert sorted(named) == sorted(raw_template()["Parameters"])
    assert all(len(cells[1]) > 5 for cells in rows)


def test_the_page_lists_exactly_what_cloudformation_makes_anew() -> None:
    listed = {
        Replaced(_CODE.findall(parameter)[0], _CODE.findall(kind)[0], name)
        for parameter, kind, names in table("Parameter | Resource | Property")
        for name in _CODE.findall(names)
    }
    assert listed == replaced(raw_template())


def test_whatever_makes_a_mapping_anew_is_changed_in_steps() -> None:
    steps = [cells for cells in table("Parameter | What a change does") if cells[1].startswith("**In steps**")]
    named = {name for cells in steps for name in _CODE.findall(cells[0])}
    assert named == {each.parameter for each in replaced(raw_template()) if each.type.endswith("EventSourceMapping")}


def test_what_makes_a_sample_cluster_anew_is_named() -> None:
    (sentence,) = re.findall(r"Of the sample clusters' parameters (.*) can't be changed", PAGE)
    anew = replaced(read_template(SAMPLE))
    clusters = {each.parameter for each in anew if each.type in ("AWS::MSK::Cluster", "AWS::EC2::VPC")}
    assert set(_CODE.findall(sentence)) == clusters


def test_the_page_tells_the_longest_name_of_a_stack() -> None:
    assert f"at most {LONGEST_STACK_NAME} characters" in PAGE
