"""`mskv verify --write` and `--refused-record`: nothing without consent, and what became of a record."""

from typing import Any

import pytest

from mskv.aws.letters import letter_prefix
from mskv.verify.check import Check
from mskv.verify.tools import Consent
from tests.fakes.mskv_world import CLUSTER, HEALTHY, World, refused

PREFIX = letter_prefix(CLUSTER, "orders", 2, 41)
LETTER = f"{PREFIX}0123456789abcdef.json"
WRITE = Consent(write="orders")
REFUSED = Consent(refused_record="orders")


class RecordWorld(World):
    """Its probes write at offset 41 of partition 2, and the group's commit is `committed`."""

    def __init__(self, committed: int | None = 42) -> None:
        super().__init__()
        self.committed = committed
        self.replayed: dict[str, int] = {"refused": 1}
        self.answers |= {
            "ProducerProbeFunction": self._produce,
            "ConsumerProbeFunction": self._consume,
            "RedriveFunction": self._redrive,
        }

    def _produce(self, event: dict[str, Any]) -> Any:
        if "action" not in event:
            return HEALTHY
        place = {"topic": event["topic"], "partition": 2, "offset": 41, "timestamp": 0}
        return {**place, "id": event["id"]}

    def _consume(self, event: dict[str, Any]) -> Any:
        if "action" not in event:
            return HEALTHY
        done = self.committed is not None and self.committed > event["offset"]
        return {"done": done, "group": "shop-orders", "committed": self.committed, "detail": ""}

    def _redrive(self, event: dict[str, Any]) -> Any:
        match event["action"]:
            case "inspect":
                return {"letter": {"refusal": {"reason": "refused", "status": 400, "code": "io.vantiq.bad"}}}
            case "replay":
                return {"done": self.replayed}
        return {"groups": []}


def told(checks: list[Check], area: str) -> list[tuple[str, str]]:
    return [(check.state, check.text) for check in checks if check.area == area]


def asked(world: World, action: str) -> list[dict[str, Any]]:
    return [event for _, event in world.events if event.get("action") == action]


def test_a_record_is_acknowledged_when_the_group_is_behind_it_and_no_letter_has_its_place() -> None:
    world = RecordWorld()
    ((state, text),) = told(world.run(WRITE), "record")
    assert state == "ok"
    assert "orders-2, offset 41" in text
    (written,) = asked(world, "write_record")
    assert (written["topic"], written["form"]) == ("orders", "json")
    assert written["id"] in text


@pytest.mark.parametrize(
    ("parameter", "value", "state", "sentence"),
    [
        ("ForwardTopics", "others", "failed", "orders is not one of ForwardTopics (others)"),
        ("TestRecords", "false", "not tried", "TestRecords is false"),
    ],
)
def test_nothing_is_written_where_the_stack_does_not_forward_or_does_not_allow_it(
    parameter: str, value: str, state: str, sentence: str
) -> None:
    world = RecordWorld()
    world.parameters[parameter] = value
    for consent, area in ((WRITE, "record"), (REFUSED, "refusal")):
        ((said, text),) = told(world.run(consent), area)
        assert said == state
        assert sentence in text
    assert asked(world, "write_record") == []


def test_no_refusal_is_provoked_where_it_would_block() -> None:
    world = RecordWorld()
    world.parameters["OnRefusal"] = "block"
    assert told(world.run(REFUSED), "refusal")[0][0] == "not tried"
    assert asked(world, "write_record") == []


def test_with_a_filter_nothing_is_written_since_a_record_that_it_leaves_out_looks_like_a_delivered_one() -> None:
    world = RecordWorld()
    world.parameters["RecordFilter"] = '{"value": {"a": [1]}}'
    for consent, area in ((WRITE, "record"), (REFUSED, "refusal")):
        ((state, text),) = told(world.run(consent), area)
        assert (state, "RecordFilter is set" in text) == ("not tried", True)
    assert asked(world, "write_record") == []


def test_a_record_that_vantiq_refused_is_no_acknowledged_one() -> None:
    world = RecordWorld()
    world.letters = [LETTER]
    ((state, text),) = told(world.run(WRITE), "record")
    assert state == "failed"
    assert f"its dead letter is {LETTER}" in text


@pytest.mark.parametrize(("committed", "stands"), [(41, "it has committed 41"), (None, "it has committed None")])
def test_a_record_that_is_not_done_in_time_says_where_the_group_stands(committed: int | None, stands: str) -> None:
    world = RecordWorld(committed)
    ((state, text),) = told(world.run(WRITE), "record")
    assert state == "failed"
    assert "is not processed after" in text
    assert stands in text
    assert len(asked(world, "follow_record")) > 1
    assert len(asked(world, "write_record")) == 1


def test_a_record_that_could_not_be_written_is_not_written_again() -> None:
    world = RecordWorld()
    errors = {"errorType": "StageError", "errorMessage": "b-1 fails at produce: no permission"}
    world.answers["ProducerProbeFunction"] = lambda event: errors if "action" in event else HEALTHY
    ((state, text),) = told(world.run(WRITE), "record")
    assert state == "failed"
    assert "no permission" in text
    assert len(asked(world, "write_record")) == 1


def test_a_refused_record_is_set_aside_and_replayed_alone_and_stays_without_consent() -> None:
    world = RecordWorld()
    world.letters = [LETTER]
    lines = told(world.run(REFUSED), "refusal")
    assert [state for state, _ in lines] == ["ok", "ok", "not tried"]
    assert "400 io.vantiq.bad" in lines[0][1]
    assert "refused it again" in lines[1][1]
    (written,), (replayed,) = asked(world, "write_record"), asked(world, "replay")
    assert written["form"] == "text"
    assert (replayed["after"], replayed["limit"], replayed["topic"], replayed["partition"]) == (PREFIX, 1, "orders", 2)
    assert world.deleted == []


@pytest.mark.parametrize(
    ("replayed", "place"),
    [({"refused": 1}, LETTER), ({"delivered": 1}, LETTER.replace("dead-letters/", "replayed/"))],
)
def test_its_letter_is_deleted_where_it_lies_when_the_user_says_so(replayed: dict[str, int], place: str) -> None:
    world = RecordWorld()
    world.letters, world.replayed = [LETTER], replayed
    lines = told(world.run(Consent(refused_record="orders", delete_letter=True)), "refusal")
    assert [state for state, _ in lines] == ["ok", "ok", "ok"]
    assert world.deleted == [place]


def test_a_replay_that_did_not_see_the_letter_fails() -> None:
    world = RecordWorld()
    world.letters, world.replayed = [LETTER], {}
    assert [state for state, _ in told(world.run(REFUSED), "refusal")] == ["ok", "failed", "not tried"]


def test_a_target_that_takes_every_value_refuses_nothing() -> None:
    ((state, text),) = told(RecordWorld().run(REFUSED), "refusal")
    assert state == "not tried"
    assert "topic:/msk/{topic} accepts every value" in text


def test_who_may_not_list_the_bucket_does_not_learn_of_an_acknowledgement() -> None:
    world = RecordWorld()
    world.aws.answers["list_objects_v2"] = refused("AccessDenied", "no")
    ((state, text),) = told(world.run(WRITE), "record")
    assert state == "failed"
    assert "not allowed to call s3:ListBucket" in text
