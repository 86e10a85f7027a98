"""An apply over a controller that refuses, times out or has just moved: what is asked again, and what is reported."""

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics import apply, run
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse
from msk_toolkit.topics.run import carry_out_request
from msk_toolkit.topics.warnings import Uses

from tests.fakes.kafka_broker_fake import plain
from tests.fakes.kafka_topics_fake import HANGS_UP, Entry, TopicsBroker

pytestmark = pytest.mark.enable_socket

UNKNOWN_TOPIC, TIMED_OUT, DENIED, EXISTS, NOT_CONTROLLER = 3, 7, 29, 36, 41
APPEARED = "it has been created in the meantime, and differs from its declaration"


@pytest.fixture(autouse=True)
def short_waits_for_what_was_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "OVERTAKEN_SECONDS", 0.2)
    monkeypatch.setattr(run, "OVERTAKEN_SECONDS", 0.2)


def applied(broker: TopicsBroker, seconds: float = 5, **config: str) -> TopicsResponse:
    declared = [DeclaredTopic("orders", 1, 1, {key.replace("_", "."): value for key, value in config.items()})]
    with broker.serving() as port, Session(plain(port), 0.5) as session:
        return carry_out_request(TopicsRequest("apply"), declared, session, "standard", Deadline(seconds))


def the_change(response: TopicsResponse) -> TopicChange:
    (change,) = response.changes
    return change


@pytest.mark.parametrize("code", [NOT_CONTROLLER, TIMED_OUT])
def test_a_check_that_meets_a_controller_that_has_just_moved_is_made_again_over_a_new_connection(code: int) -> None:
    broker = TopicsBroker({})
    broker.checks = [code, code, 0]
    response = applied(broker)
    assert (response.status, response.problems) == ("applied", [])
    assert broker.asked.count("CreateTopics to check") == 3
    # Two more for the checks; one is for the look at every broker.
    assert broker.connections == 4


def test_a_controller_that_stays_away_is_reported_while_time_is_left() -> None:
    broker = TopicsBroker({})
    broker.checks = [NOT_CONTROLLER]
    deadline = Deadline(2)
    with broker.serving() as port, Session(plain(port), 0.5) as session:
        response = carry_out_request(
            TopicsRequest("apply"), [DeclaredTopic("orders", 1, 1)], session, "standard", deadline
        )
    assert (response.status, response.problems) == ("refused", ["CreateTopics of orders answered NOT_CONTROLLER"])
    assert broker.asked.count("CreateTopics to check") > 2
    assert deadline.remaining() > 1


def test_a_refusal_that_will_not_pass_is_reported_at_once() -> None:
    broker = TopicsBroker({})
    broker.checks = [DENIED]
    assert applied(broker).problems == ["CreateTopics of orders answered TOPIC_AUTHORIZATION_FAILED"]
    assert broker.asked.count("CreateTopics to check") == 1


@pytest.mark.parametrize("code", [EXISTS, UNKNOWN_TOPIC])
def test_a_plan_that_is_behind_the_controller_is_made_again_over_the_same_connection(code: int) -> None:
    broker = TopicsBroker({})
    broker.checks = [code, 0]
    assert applied(broker).status == "applied"
    assert broker.asked.count("CreateTopics to check") == 2
    assert broker.connections == 2


def test_a_plan_that_the_controller_goes_on_to_refuse_as_overtaken_is_not_carried_out() -> None:
    broker = TopicsBroker({})
    broker.checks, broker.words = [EXISTS], "Topic 'orders' is marked for deletion."
    response = applied(broker)
    assert (response.status, response.changes) == ("refused", [])
    assert response.problems == [
        "CreateTopics of orders answered TOPIC_ALREADY_EXISTS: Topic 'orders' is marked for deletion."
    ]
    assert "CreateTopics" not in broker.asked


def test_a_topic_that_exists_for_the_controller_and_shows_on_no_broker_is_reported_in_kafkas_own_words() -> None:
    broker = TopicsBroker({})
    broker.creates, broker.words = [EXISTS], "Topic 'orders' is marked for deletion."
    change = the_change(applied(broker))
    assert change.state == "not-done"
    assert change.detail.endswith("answered TOPIC_ALREADY_EXISTS: Topic 'orders' is marked for deletion.")


@pytest.mark.parametrize(("retention", "state", "detail"), [("1000", "done", ""), ("9", "not-done", APPEARED)])
def test_a_topic_that_has_appeared_is_compared_with_its_declaration(retention: str, state: str, detail: str) -> None:
    # The plan's two questions do not show it yet.
    broker = TopicsBroker({"orders": {"retention.ms": Entry(retention)}}, hides=2)
    broker.creates = [EXISTS]
    assert the_change(applied(broker, retention_ms="1000")) == TopicChange("orders", "create", state, detail)  # type: ignore[arg-type]


@pytest.mark.parametrize("codes", [[TIMED_OUT], [TIMED_OUT, NOT_CONTROLLER], [HANGS_UP, NOT_CONTROLLER]])
def test_a_write_that_may_have_begun_and_never_shows_is_unknown(codes: list[int]) -> None:
    broker = TopicsBroker({})
    broker.creates = codes
    assert the_change(applied(broker, 1.5)).state == "unknown"


@pytest.mark.parametrize("code", [NOT_CONTROLLER, DENIED])
def test_a_write_that_was_only_ever_refused_is_not_done(code: int) -> None:
    broker = TopicsBroker({})
    broker.creates = [code]
    assert the_change(applied(broker, 1.5)).state == "not-done"


def test_a_write_that_timed_out_and_shows_later_is_done() -> None:
    broker = TopicsBroker({})
    broker.creates = [TIMED_OUT, 0]
    assert applied(broker).status == "applied"


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        (
            "given-up",
            ["GivenUpTopic given-up does not exist, or the user may not see it: declare it in topics.yaml, or"],
        ),
        ("orders", []),  # declared: this apply creates it
        ("there", []),
        ("", []),
    ],
)
def test_nothing_is_applied_while_the_topic_of_what_mappings_give_up_is_missing(name: str, problems: list[str]) -> None:
    broker = TopicsBroker({"there": {}})
    declared = [DeclaredTopic("orders", 1, 1)]
    with broker.serving() as port, Session(plain(port), 0.5) as session:
        request, uses = TopicsRequest("apply"), Uses(given_up_topic=name)
        response = carry_out_request(request, declared, session, "standard", Deadline(5), uses)
    assert [problem[: len(problems[0])] for problem in response.problems] == problems
    assert (response.status == "refused") == bool(problems)
    assert ("CreateTopics" in broker.asked) != bool(problems)
