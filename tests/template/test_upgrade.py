"""An upgrade loses no topic, offset, letter or alarm, and what it removes or replaces is known before."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from tests.template.changes import Change, Stack, changes
from tests.template.upgrade import NEVER, RELEASES, WATCHED_BY, after, before, lost, reason
from tests.unit.test_documents import DOCS

ALARM, MAPPING = "AWS::CloudWatch::Alarm", "AWS::Lambda::EventSourceMapping"
NO_SECRET = {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
STACKS: Mapping[str, Mapping[str, str]] = {
    "scram": {},
    "provisioned": {"PollerMode": "provisioned", "AlarmEmail": "ops@example.com"},
    "iam with heartbeats": {"AuthMode": "iam", **NO_SECRET, "HeartbeatTarget": "topic:/msk/heartbeat"},
    "plaintext": {"AuthMode": "none", **NO_SECRET, "VantiqUrl": "https://v.example.org:8443", "VantiqPort": "8443"},
}


@cache
def old_stack(release: str, name: str) -> Stack:
    return before(release, STACKS[name])


@cache
def new_stack(name: str) -> Stack:
    return after(STACKS[name])


@cache
def losses(release: str, name: str) -> tuple[Change, ...]:
    return tuple(lost(old_stack(release, name), new_stack(name)))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", STACKS)
def test_each_removal_and_replacement_has_its_reason_and_stands_in_the_document(release: str, name: str) -> None:
    page = (DOCS / "upgrading.md").read_text(encoding="utf-8")
    for change in losses(release, name):
        if change.type != ALARM:
            assert reason(change.logical_id), f"{change}: say why in EXPECTED and in docs/upgrading.md, or avoid it"
            assert reason(change.logical_id) in " ".join(page.split())


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", STACKS)
def test_what_holds_data_or_a_place_is_neither_removed_nor_replaced(release: str, name: str) -> None:
    assert [change for change in losses(release, name) if change.type in NEVER] == []


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", STACKS)
def test_every_mapping_keeps_its_topic_and_its_group_and_with_it_its_offsets(release: str, name: str) -> None:
    old, new = old_stack(release, name).of(MAPPING), new_stack(name).of(MAPPING)
    assert old
    for logical_id, mapping in old.items():
        assert place(new[logical_id]) == place(mapping)


def place(mapping: Mapping[str, Any]) -> tuple[Any, ...]:
    group = mapping["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
    return mapping["Topics"], group, mapping["EventSourceArn"], mapping["StartingPosition"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", STACKS)
def test_every_alarm_is_still_there_or_another_one_watches_the_same(release: str, name: str) -> None:
    new = new_stack(name).of(ALARM)
    gone = old_stack(release, name).of(ALARM).keys() - new.keys()
    assert {WATCHED_BY.get(alarm, f"nobody watches what {alarm} did") for alarm in gone} <= new.keys()


def test_the_last_release_loses_what_every_update_replaces_and_nothing_else() -> None:
    # docs/upgrading.md says so of the update from 0.2.0.
    lost_ids = {change.logical_id for name in STACKS for change in losses(RELEASES[-1], name)}
    assert not [name for name in lost_ids if not name.startswith(("ToolkitLayer", "TopicsFunctionVersion"))]


def stack(**resources: tuple[str, dict[str, Any]]) -> Stack:
    written = {name: {"Type": kind, "Properties": properties} for name, (kind, properties) in resources.items()}
    return Stack({"Resources": written}, {})


BUCKET, VERSION = "AWS::S3::Bucket", "AWS::Lambda::Version"


def test_what_comes_goes_and_stays_is_told_apart() -> None:
    found = changes(stack(A=(BUCKET, {}), B=(BUCKET, {})), stack(B=(BUCKET, {"Tags": []}), C=(BUCKET, {})))
    assert found == [Change("add", "C", BUCKET), Change("remove", "A", BUCKET)]


def test_a_property_that_is_set_at_creation_only_replaces_its_resource_and_what_hangs_on_it() -> None:
    def named(name: str) -> Stack:
        function = ("AWS::Lambda::Function", {"FunctionName": name})
        return stack(F=function, V=(VERSION, {"FunctionName": {"Ref": "F"}}), W=(VERSION, {"FunctionName": "other"}))

    assert changes(named("a"), named("b")) == [
        Change("replace", "F", "AWS::Lambda::Function", ("FunctionName",)),
        Change("replace", "V", VERSION, ("FunctionName",)),
    ]


def test_a_custom_resource_with_another_token_is_one_that_cannot_be_updated() -> None:
    def served_by(token: str) -> Stack:
        return stack(T=("Custom::DeclaredTopics", {"ServiceToken": token, "Other": token}))

    assert changes(served_by("a"), served_by("b"))[0].because == ("ServiceToken",)


def test_another_type_under_the_same_name_is_refused_as_cloudformation_does() -> None:
    with pytest.raises(ValueError, match="A is a AWS::S3::Bucket and would be a AWS::Lambda::Version"):
        changes(stack(A=(BUCKET, {})), stack(A=(VERSION, {})))
