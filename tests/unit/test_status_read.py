"""What is read for the state of the path: bounded, at the same time, and a gap where something can't be read."""

from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.status import StatusSettings
from msk_toolkit.status.deliveries import current_troubles
from msk_toolkit.status.event import STATUS_DESCRIPTION, answer_status
from msk_toolkit.status.facts import FailingSince, PathFacts
from msk_toolkit.status.read import StatusSource, read_path, source_of

from tests.fakes.path_aws import NOW, Aws, Line

PRODUCER = "/aws/lambda/shop-producer-probe"
FORWARDER, CONSUMER = "/aws/lambda/shop-forwarder", "/aws/lambda/shop-consumer-probe"
TOPICS, CONNECT = "/aws/lambda/shop-topics", "/aws/lambda/shop-connect"
ENVIRON = {
    "STACK_NAME": "shop",
    "CLUSTER_ARN": "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/6357e0b2",
    "FORWARD_TOPICS": "orders",
    "DEAD_LETTER_BUCKET": "letters",
    "AWS_REGION": "eu-central-1",
}


def source(aws: Aws, **environ: str) -> StatusSource:
    variables = ENVIRON | environ
    made = source_of(load(StatusSettings, variables), aws.client, variables)
    return made._replace(now=lambda: NOW)


def read(aws: Aws, **environ: str) -> PathFacts:
    return read_path(source(aws, **environ), Deadline(30))


def delivered(at: float, place: str = "orders-0") -> Line:
    return at, {"message": "delivered", "places": {place: {"received": 3, "delivered": 3}}}


def incomplete(at: float, cause: str = "vantiq-token-refused") -> Line:
    failure = {"place": "orders-0", "kind": "outage", "cause": cause, "reason": "Vantiq answered 401"}
    message = "delivery incomplete: 3 of 3 records wait: Vantiq answered 401 -> store a new token"
    return at, {"message": message, "places": {"orders-0": {"received": 3}}, "failures": [failure]}


def test_the_forwarders_lines_are_read_back_to_the_last_delivery_and_no_further() -> None:
    aws = Aws({FORWARDER: [delivered(NOW - 5000), delivered(NOW - 300), incomplete(NOW - 250), incomplete(NOW - 60)]})
    deliveries = read(aws).deliveries.value
    assert deliveries is not None
    assert [line.at for line in deliveries.lines] == [NOW - 300, NOW - 250, NOW - 60]
    assert deliveries.since == NOW - 600
    assert [failure.cause for line in deliveries.lines for failure in line.failures] == ["vantiq-token-refused"] * 2


def test_an_invocation_that_keeps_trying_is_read_before_it_ends() -> None:
    at, line = incomplete(NOW - 20)
    waits = (at, {"message": "delivery waits: 3 records: Vantiq answered 401", "failures": line["failures"]})
    deliveries = read(Aws({FORWARDER: [waits, incomplete(NOW - 10)]})).deliveries.value
    assert deliveries is not None
    assert [line.ended for line in deliveries.lines] == [False, True]
    (trouble,) = current_troubles(deliveries).values()
    assert (trouble.since, trouble.tries) == (NOW - 20, 1)


def test_an_invocation_that_ended_itself_badly_is_read_with_its_reason() -> None:
    lines: list[Line] = [
        (NOW - 30, {"errorType": "ConfigurationError", "errorMessage": "settings: VANTIQ_URL is missing"}),
        (NOW - 20, {"errorType": "DeliveryIncompleteError", "errorMessage": "3 of 3 records are not done"}),
        (NOW - 10, {"type": "platform.report", "record": {"status": "timeout"}}),
        (NOW - 5, "Traceback (most recent call last):"),
    ]
    deliveries = read(Aws({FORWARDER: lines})).deliveries.value
    assert deliveries is not None
    assert [crash.reason for crash in deliveries.crashes] == [
        "ConfigurationError: settings: VANTIQ_URL is missing",
        "the function's timeout ended an invocation",
    ]


def test_a_log_with_more_lines_than_are_read_is_a_gap_with_its_reason() -> None:
    aws = Aws({FORWARDER: [delivered(NOW - 1 - number / 1000) for number in range(100)]})
    aws.page_size = 5
    facts = read(aws)
    assert facts.deliveries.value is None
    assert facts.deliveries.why == f"{FORWARDER} has more lines within 30 s than are read here"
    # Twice: the records that were set aside are looked for by themselves.
    assert aws.requests.count(f"logs {FORWARDER}") <= 26


def test_partitions_that_an_outage_in_another_holds_up_are_not_done() -> None:
    def outage(at: float, place: str) -> Line:
        when, line = incomplete(at)
        line["failures"] = [{**line["failures"][0], "place": place}]
        places = {f"orders-{number}": {"received": 3} for number in (0, 1)}
        return when, {**line, "places": places, "unfinished": dict.fromkeys(places, 17)}

    both = delivered(NOW - 300), delivered(NOW - 290, "orders-1")
    lines = [*both, outage(NOW - 200, "orders-0"), outage(NOW - 130, "orders-1"), outage(NOW - 60, "orders-0")]
    deliveries = read(Aws({FORWARDER: lines})).deliveries.value
    assert deliveries is not None
    troubles = current_troubles(deliveries)
    assert {place: (one.since, one.tries, one.since_at_least) for place, one in troubles.items()} == {
        "orders-0": (NOW - 200, 3, False),
        "orders-1": (NOW - 200, 3, False),
    }
    assert {one.last.place for one in troubles.values()} == troubles.keys()


def test_a_busy_log_is_read_as_far_back_as_its_pages_allow() -> None:
    aws = Aws({FORWARDER: [delivered(NOW - 10), *(delivered(NOW - 100) for _ in range(200))]})
    aws.page_size = 5
    deliveries = read(aws).deliveries.value
    assert deliveries is not None
    assert deliveries.since == NOW - 30


def test_the_lag_of_a_group_is_its_last_readings() -> None:
    def group(at: float, records: int) -> Line:
        line = {"message": "consumer group", "group": "shop-orders", "records": records, "seconds": 1.5}
        return at, {**line, "committed": 100, "end": 100 + records, "partitions": 6}

    facts = read(Aws({CONSUMER: [group(NOW - 1000, 1), group(NOW - 400, 2), group(NOW - 100, 3)]}))
    assert facts.groups.value is not None
    assert [reading.records for reading in facts.groups.value["shop-orders"]] == [2, 3]


@pytest.mark.parametrize(
    ("line", "well", "why"),
    [
        ({"action": "check", "status": "checked", "counts": {"TopicsDrifted": 0}}, True, ""),
        ({"action": "check", "status": "checked", "counts": {"TopicsDrifted": 1}}, False, ""),
        ({"action": "apply", "status": "applied"}, True, ""),
        ({"action": "check", "status": "refused", "problems": ["no broker"]}, None,
         "the last check failed: a line; no broker"),
    ],
)  # fmt: skip
def test_the_last_check_of_the_topics_is_read(line: dict[str, Any], well: bool | None, why: str) -> None:
    declared = read(Aws({TOPICS: [(NOW - 60, {"message": "a line", **line})]})).declared
    assert (declared.value.well if declared.value else None, declared.why) == (well, why)


@pytest.mark.parametrize("action", [{"action": "check", "status": "checked"}, {"action": "apply", "status": "applied"}])
def test_a_look_at_some_topics_says_nothing_of_the_others(action: dict[str, Any]) -> None:
    drift = {"message": "drift in 1 of 2", "action": "check", "status": "checked", "counts": {"TopicsDrifted": 1}}
    retention = {"retention_ms": {"orders": 60_000}}
    some = {"message": "no drift: all 1 declared topics match", "only": ["events"], **action}
    declared = read(Aws({TOPICS: [(NOW - 900, {**drift, **retention}), (NOW - 60, some)]})).declared.value
    assert declared is not None
    assert (declared.well, declared.retention) == (False, {"orders": 60.0})


def test_the_last_check_of_the_targets_is_read_unless_there_is_none() -> None:
    targets_of_a_run = {"targets": ["! topic:/x: unfit"], "counts": {"TargetsUnfit": 1}}
    line = {"message": "targets: 0 fit, 1 unfit, 0 unknown", "action": "check", **targets_of_a_run}
    aws = Aws({CONNECT: [(NOW - 60, line)]})
    targets = read(aws).targets.value
    assert targets is not None
    assert (targets.well, targets.findings) == (False, ["! topic:/x: unfit"])
    assert read(aws, TARGET_CHECK="off").targets.value is not None
    assert read(Aws({})).targets.why.startswith("no check has run in the last 2.5 hours")


def test_targets_that_vantiq_could_not_be_asked_about_are_not_known_and_not_unfit() -> None:
    targets = ["? topic:/x: unknown; the token is not valid", "? topic:/y: unknown; the token is not valid"]
    line = {"message": "targets: 0 fit, 0 unfit, 2 unknown", "action": "check", "targets": targets}
    fact = read(Aws({CONNECT: [(NOW - 60, {**line, "counts": {"TargetsUnfit": 0}})]})).targets
    assert fact.value is None
    assert fact.why == (
        "the last check failed: targets: 0 fit, 0 unfit, 2 unknown; ? topic:/x: unknown; the token is not valid"
    )


def test_it_is_read_since_when_a_broker_fails_and_whether_it_may_have_been_before() -> None:
    def broker(at: float, name: str, stage: int) -> Line:
        return at, {"message": "broker", "broker": name, "failed_stage": stage, "milliseconds": {}}

    verdict = {"verdict": {"status": "degraded", "summary": "broker 2 fails"}, "brokers": []}
    lines = [
        *(broker(NOW - 900, "2", 0), broker(NOW - 600, "2", 2), broker(NOW - 300, "2", 2)),
        *(broker(NOW - 900, "1", 4), broker(NOW - 300, "1", 0), broker(NOW - 900, "3", 1), broker(NOW - 300, "3", 1)),
    ]
    lines = sorted(lines, key=lambda line: line[0])
    facts = read(Aws({PRODUCER: [*lines, (NOW - 290, verdict)]}))
    assert facts.failing["Producer probe"] == {
        "2": FailingSince(NOW - 600),
        "3": FailingSince(NOW - 900, at_least=True),
    }
    assert facts.failing["Consumer probe"] == {}


def test_the_last_records_that_were_set_aside_are_read_with_their_reason() -> None:
    line = {"message": "record refused", "place": "orders-3", "offset": 17, "reason": "refused", "status": 400}
    refusals = read(Aws({FORWARDER: [(NOW - 5000, line), (NOW - 4000, {**line, "offset": 18})]})).refusals.value
    assert refusals is not None
    assert [(refusal.topic, refusal.offset, refusal.status) for refusal in refusals] == [
        ("orders", 17, 400),
        ("orders", 18, 400),
    ]
    assert read(Aws({})).refusals.value == []


def test_letters_are_counted_by_topic_from_their_names() -> None:
    aws = Aws({})
    home = "dead-letters/demo/6357e0b2"
    aws.objects = [f"{home}/orders/0/00000000000000000001.json", f"{home}/orders/1/00000000000000000002.json"]
    aws.objects += [f"{home}/new%20orders/0/00000000000000000001.json", "aws/lambda/one.json"]
    letters = read(aws).letters.value
    assert letters is not None
    assert {count.topic: count.letters for count in letters.topics} == {"orders": 2, "new orders": 1}
    assert (letters.to_import, letters.at_least) == (1, False)


def test_only_this_stacks_alarms_are_read_and_none_that_is_part_of_another() -> None:
    aws = Aws({})
    aws.alarms = [
        {"AlarmName": "shop-ProducerFaultsAlarm-1A2B3C4D5E6F", "StateValue": "ALARM"},
        {"AlarmName": "shop-probes", "StateValue": "ALARM",
         "AlarmRule": 'ALARM("shop-ProducerFaultsAlarm-1A2B3C4D5E6F")'},
        {"AlarmName": "shop-DeadLetterAlarm-1A2B3C4D5E6F", "StateValue": "OK"},
        {"AlarmName": "shop-2-DeadLetterAlarm-1A2B3C4D5E6F", "StateValue": "ALARM"},
        {"AlarmName": "shop-2-probes", "StateValue": "ALARM", "AlarmRule": ""},
    ]  # fmt: skip
    alarms = read(aws).alarms.value
    assert alarms is not None
    assert [(alarm.name, alarm.is_on) for alarm in alarms] == [
        ("shop-probes", True),
        ("shop-DeadLetterAlarm-1A2B3C4D5E6F", False),
    ]


def test_what_is_denied_is_a_gap_and_everything_else_is_read() -> None:
    aws = Aws({FORWARDER: [delivered(NOW - 10)]}, denied=frozenset({"lambda", "s3", "cloudwatch"}))
    facts = read(aws)
    assert facts.deliveries.value is not None
    for fact in (facts.mappings, facts.letters, facts.alarms):
        assert fact.value is None
        assert "access denied" in fact.why


def test_an_answer_that_nobody_expects_is_a_gap_as_well() -> None:
    aws = Aws({})
    aws.alarms = [{"StateValue": "ALARM"}]
    assert read(aws).alarms.why == "unexpected KeyError while it was read"


def test_a_dashboard_gets_html_a_program_json_and_who_asks_for_it_the_description() -> None:
    aws = Aws({})
    html = answer_status({"widgetContext": {"theme": "dark"}}, source(aws), Deadline(30))
    assert "color-scheme: dark" in html
    assert answer_status({"describe": True}, source(aws), Deadline(30)) == STATUS_DESCRIPTION
    assert answer_status({}, source(aws), Deadline(30))["stack"] == "shop"
    assert answer_status({"widgetContext": 1}, source(aws), Deadline(30)).startswith("<style>")


def test_commands_name_the_stack_or_the_local_system() -> None:
    assert read(Aws({})).stack.option == "--stack shop --region eu-central-1"
    assert read(Aws({}), AWS_ENDPOINT_URL="http://127.0.0.1:4566").stack.option == "--local"
