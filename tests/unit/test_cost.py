"""What the stack costs: the arithmetic, the recorded counts, and the tables that are made of them."""

import json

import pytest

from local.cost.counts import Alarms, Counts, FunctionCounts, Lines, Metrics, alarms, count_log, recorded, schedules
from local.cost.emf import Metric, measured
from local.cost.model import MONITORS, heartbeats, idle, metrics, prices
from local.cost.table import BROKERS, TOPICS, dollars, money, report, with_table
from tests.template.stack import Stack


def emf(name: str, *values: float, **dimensions: str) -> str:
    directive = {"Namespace": "N", "Dimensions": [list(dimensions)], "Metrics": [{"Name": name}]}
    return json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, name: list(values), **dimensions})


def test_a_metric_is_what_it_is_billed_by_and_other_lines_hold_none() -> None:
    text = [emf("Lag", 1, 2, service="a", Group="g"), "START RequestId: 1", '"text"', '{"message": "delivered"}']
    (only,) = measured(text)
    assert only.metric == Metric("N", "Lag", (("Group", "g"), ("service", "a")))
    assert only.values == (1, 2)


def test_a_log_is_counted_by_runs_different_metrics_and_kinds_of_lines() -> None:
    run = [
        *(emf("FailedStage", 0, service="p", Broker=str(broker)) for broker in (1, 2)),
        emf("Faults", 0, service="p"),
        *(json.dumps({"message": "broker", "broker": str(broker)}) for broker in (1, 2)),
        json.dumps({"message": "all pass", "verdict": {}}),
        "REPORT RequestId: 1",
    ]
    counts = count_log(run * 3, "verdict")
    assert counts.runs == 3
    assert counts.metrics == [Metrics("FailedStage", ("Broker", "service"), 2), Metrics("Faults", ("service",), 1)]
    assert {kind: lines.number for kind, lines in counts.lines.items()} == {
        "broker": 6,
        "lambda": 3,
        "metrics": 9,
        "verdict": 3,
    }
    assert counts.lines["verdict"].bytes == 3 * len(run[5])


def counts_of(*kinds: Metrics) -> Counts:
    probe = FunctionCounts(
        2, list(kinds), {"broker": Lines(4, 800), "consumer group": Lines(4, 400), "verdict": Lines(2, 2000)}
    )
    check = FunctionCounts(1, [], {"action": Lines(1, 500)})
    state = {
        "producer-probe": probe,
        "consumer-probe": FunctionCounts(2, [], probe.lines),
        "topics": check,
        "connect": check,
        "status": FunctionCounts(1, [], {"look": Lines(1, 500)}),
    }
    return Counts(2, Alarms(10, 2), Alarms(2, 1), 3, 8, 1.0, {"healthy": state})


def test_metrics_of_a_broker_or_a_group_grow_with_them_and_no_others() -> None:
    counts = counts_of(
        Metrics("Faults", ("service",), 1),
        Metrics("FailedStage", ("Broker", "service"), 2),
        # Of how many groups there was a lag to tell while it was counted says nothing.
        Metrics("GroupLag", ("Group", "service"), 1),
        Metrics("GroupLagSeconds", ("Group", "service"), 1),
    )
    assert metrics(counts, "healthy", 2, 2) == 1 + 2 + 2 * 2
    assert metrics(counts, "healthy", 30, 100) == 1 + 30 + 2 * 100


def test_log_lines_grow_with_brokers_and_groups() -> None:
    counts = counts_of()
    few, brokers, topics = (idle(counts, "healthy", *size).gigabytes for size in ((2, 2), (4, 2), (2, 4)))
    # A broker has 100 bytes a line, and half of a verdict of 1,000, in each of two probes.
    assert brokers - few == pytest.approx(2 * 2 * (200 + 500) * 8_640 / 1e9)
    # One line a topic.
    assert topics - few == pytest.approx(2 * 100 * 8_640 / 1e9)


def test_alarms_are_billed_by_the_metrics_that_they_watch() -> None:
    def alarm(**properties: object) -> dict[str, object]:
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}

    math = alarm(Metrics=[{"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}, {"Expression": "a + b"}])
    composite = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {}}
    template = {
        "Resources": {
            "Plain": alarm(MetricName="m"),
            "Math": math,
            "Composite": composite,
            "Late": {**alarm(MetricName="m"), "Condition": "ForwardsHeartbeats"},
        }
    }
    assert alarms(template, of_heartbeats=False) == Alarms(3, 1)
    assert alarms(template, of_heartbeats=True) == Alarms(1, 0)


def test_the_recorded_counts_are_of_the_template_as_it_is() -> None:
    template, counts = Stack().template, recorded()
    assert counts.alarms == alarms(template, of_heartbeats=False)
    assert counts.heartbeat_alarms == alarms(template, of_heartbeats=True)
    assert counts.schedules == schedules(template)
    assert counts.functions == len(Stack().names("AWS::Serverless::Function"))


def test_every_state_was_counted_and_a_healthy_stack_has_four_metrics() -> None:
    counts = recorded()
    assert {metric.name for metric in counts.metrics_of("healthy", *MONITORS)} == {
        *("Faults", "TopicsDrifted", "TopicsStopped"),
    }
    assert metrics(counts, "healthy", 30, 100) == 4
    seen = {state: {metric.name for metric in counts.metrics(state)} for state in counts.states}
    expected = {
        "forwarding": "RecordsReportedBack",
        "dead letters": "LettersWaiting",
        "outage": "VantiqOutage",
        "drift": "TopicsMissing",
        "broker stopped": "NetworkFaults",
        "login refused": "LoginFaults",
        "detailed": "FailedStage",
    }
    assert {state: name for state, name in expected.items() if name not in seen[state]} == {}


def test_idle_monitoring_costs_at_most_five_dollars_and_a_sixth_of_what_it_did() -> None:
    counts = recorded()
    usd = dollars(counts)
    assert usd["idle"] <= 5
    assert usd["further"] <= 0.30
    # The set of 0.1.0, with its 21 alarms and two composites.
    before = metrics(counts, "detailed", 3, 1) * prices().metric + 21 * 0.10 + 2 * 0.50
    after = usd["metrics"] + usd["alarms"]
    assert before / after >= 6
    for brokers in BROKERS:
        for topics in TOPICS:
            assert idle(counts, "healthy", brokers, topics).usd < idle(counts, "detailed", brokers, topics).usd


def test_heartbeats_cost_their_alarms_and_their_metric() -> None:
    assert heartbeats(counts_of()) == pytest.approx(2 * 0.10 + 0.50 + 2 * 0.30)


@pytest.mark.parametrize(
    ("usd", "text"), [(134.9, "135"), (0.2946, "0.29"), (0.0035, "0.004"), (4.4, "4.40"), (1_332, "1,332")]
)
def test_dollars_have_two_figures(usd: float, text: str) -> None:
    assert money(usd) == text


def test_a_table_stands_in_the_place_of_the_earlier_one() -> None:
    page = "before\n\n| | calculation | USD |\n|---|---|---|\n| old | 1 | 1 |\n\nafter\n"
    new = with_table(page, recorded(), "en")
    assert new.startswith("before\n\n| | calculation | USD |\n")
    assert new.endswith("|\n\nafter\n")
    assert "old" not in new
    assert with_table(new, recorded(), "en") == new
    with pytest.raises(ValueError, match="no table"):
        with_table("nothing", recorded(), "ja")


def test_the_report_names_prices_and_their_date() -> None:
    text = report(recorded())
    assert prices().date in text
    assert "| 30 brokers |" in text
