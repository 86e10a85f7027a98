"""Which causes a verdict takes for consequences, for the end of the cluster, or for a broker that has left."""

import msgspec
import pytest
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.probe.verdict import explained_by_planned_work, judge_brokers, no_writes, own_failures
from msk_toolkit.stage import PRODUCER_STAGES, Stage

from tests.fakes.rows import cause_named, stage_named

CONSEQUENCES = [
    "acknowledgement-late",
    "isr-below-minimum",
    "not-enough-replicas",
    "leader-moved",
    "leaderless",
    "coordinator-unavailable",
    "coordinator-moved",
    "rebalance-timeout",
    "request-timeout",
    "offset-not-available",
]
PASSING = [
    "leader-moved",
    "coordinator-unavailable",
    "coordinator-moved",
    "rebalance-timeout",
    "heartbeat-missing",
]
GONE = ["connection-closed", "connection-refused", "connect-timeout", "unreachable", "tls-timeout"]


def broker(number: int, failure: str = "") -> BrokerReport:
    """A report; ``failure`` is "stage cause", empty for a broker that passes."""
    results = [StageResult(stage, "ok", 1.0, 5000.0) for stage in PRODUCER_STAGES]
    if failure:
        stage, cause = stage_named(failure.split()[0]), cause_named(failure.split()[1])
        results = [result for result in results if stage.comes_after(result.stage)]
        results.append(StageResult(stage, "failed", 2.0, 5000.0, cause, f"said {cause}", cause.remedy))
    return BrokerReport(number, f"b-{number}:9096", results)


def with_result(report: BrokerReport, result: StageResult) -> BrokerReport:
    return msgspec.structs.replace(report, stages=[*report.stages, result])


def named(reports: list[BrokerReport]) -> list[int | None]:
    return [report.broker for report, _ in own_failures(reports)]


@pytest.mark.parametrize("cause", CONSEQUENCES)
def test_what_follows_from_a_broker_that_is_away_blames_no_other_broker(cause: str) -> None:
    reports = [broker(1, f"fetch {cause}"), broker(2, "tcp connection-refused"), broker(3)]
    verdict = judge_brokers(reports)
    assert named(reports) == [2]
    assert (verdict.status, verdict.broker, verdict.cause) == ("degraded", 2, "connection-refused")
    assert "said connection-refused; 1 other broker affected" in verdict.summary


@pytest.mark.parametrize("cause", CONSEQUENCES)
def test_the_same_cause_is_a_brokers_own_fault_where_every_other_one_is_there(cause: str) -> None:
    reports = [broker(1, f"fetch {cause}"), broker(2), broker(3)]
    assert named(reports) == [1]
    assert judge_brokers(reports).broker == 1


@pytest.mark.parametrize("cause", GONE)
def test_a_broker_that_leaves_in_the_middle_of_a_run_is_away(cause: str) -> None:
    assert named([broker(1, "produce acknowledgement-late"), broker(2, f"fetch {cause}")]) == [2]


@pytest.mark.parametrize("cause", [*GONE, "request-timeout"])
def test_a_broker_that_fails_a_second_connection_is_away(cause: str) -> None:
    late = broker(1, "produce acknowledgement-late")
    again = StageResult(Stage.FETCH, "failed", cause=cause_named(cause))
    assert named([late, with_result(late, again)]) == [1]
    assert own_failures([late, with_result(late, again)])[0][0].stages[-1] == again


@pytest.mark.parametrize("stage", ["dns name-not-found", "sasl authentication-failed", "metadata no-controller"])
def test_a_broker_that_fails_up_to_its_metadata_is_away(stage: str) -> None:
    assert named([broker(1, "produce acknowledgement-late"), broker(2, stage)]) == [2]


def test_a_broker_that_denies_an_operation_is_there_and_hides_no_other_fault() -> None:
    assert named([broker(1, "produce acknowledgement-late"), broker(2, "acl topic-denied")]) == [1, 2]


@pytest.mark.parametrize("cause", PASSING)
def test_what_passes_by_itself_is_not_the_end_of_the_cluster(cause: str) -> None:
    assert judge_brokers([broker(1, f"fetch {cause}"), broker(2, f"fetch {cause}")]).status == "degraded"


def test_a_fault_that_passes_does_not_excuse_the_other_brokers() -> None:
    assert judge_brokers([broker(1, "fetch leader-moved"), broker(2, "fetch record-lost")]).status == "down"


@pytest.mark.parametrize("cause", ["record-lost", "topic-denied", "request-timeout"])
def test_every_broker_failing_by_itself_is_the_end_of_the_cluster(cause: str) -> None:
    assert judge_brokers([broker(1, f"fetch {cause}"), broker(2, f"fetch {cause}")]).status == "down"
    assert judge_brokers([broker(1, f"fetch {cause}"), broker(2)]).status == "degraded"


def test_a_healthy_cluster_of_two_is_not_called_a_single_broker() -> None:
    assert judge_brokers([broker(1), broker(2)]).summary == "all 2 brokers pass every stage"
    assert judge_brokers([broker(1)]).summary == "the only broker passes every stage"


def test_two_brokers_that_fail_alike_are_all_brokers_and_none_is_named() -> None:
    verdict = judge_brokers([broker(1, "sasl authentication-failed"), broker(2, "sasl authentication-failed")])
    assert verdict.summary == "all 2 brokers fail at sasl: said authentication-failed"
    assert (verdict.broker, verdict.address) == (None, None)


def test_a_single_broker_that_fails_is_named() -> None:
    verdict = judge_brokers([broker(1, "tcp connection-refused")])
    assert (verdict.broker, verdict.address) == (1, "b-1:9096")
    assert verdict.summary == "broker 1 (b-1:9096) fails at tcp: said connection-refused"


def test_two_of_three_that_fail_alike_are_named_together() -> None:
    verdict = judge_brokers([broker(1, "tcp unreachable"), broker(2, "tcp unreachable"), broker(3)])
    assert verdict.summary == "broker 1 (b-1:9096) and broker 2 (b-2:9096) fail at tcp: said unreachable"
    assert verdict.broker == 1


def test_only_the_same_cause_at_the_same_stage_is_alike() -> None:
    verdict = judge_brokers([broker(1, "tcp connection-closed"), broker(2, "tls connection-closed"), broker(3)])
    assert verdict.summary == (
        "broker 1 (b-1:9096) fails at tcp: said connection-closed; also broker 2 (b-2:9096) fails at tls: said "
        "connection-closed"
    )
    verdict = judge_brokers([broker(1, "tls tls-expired"), broker(2, "tls tls-failed"), broker(3)])
    assert verdict.summary.endswith("; also broker 2 (b-2:9096) fails at tls: said tls-failed")


def test_the_earliest_stage_is_looked_at_first_and_a_missing_broker_last() -> None:
    assert judge_brokers([broker(1, "fetch record-lost"), broker(2, "acl topic-denied")]).broker == 2
    assert judge_brokers([broker(1, "metadata not-in-metadata"), broker(2, "fetch record-lost")]).broker == 2


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ([broker(1, "produce isr-below-minimum"), broker(2, "produce isr-below-minimum")], True),
        ([broker(1, "produce isr-below-minimum"), broker(2)], False),
        ([broker(1, "produce isr-below-minimum"), broker(2, "produce topic-denied")], False),
        ([], False),
    ],
)
def test_a_cluster_takes_no_writes_when_every_write_is_refused(broken: list[BrokerReport], expected: bool) -> None:
    assert no_writes(broken) is expected


def test_a_write_that_was_not_tried_or_only_warns_is_no_refused_write() -> None:
    skipped = BrokerReport(2, "b-2:9096", [StageResult(Stage.PRODUCE, "skipped")])
    refused = broker(1, "produce isr-below-minimum")
    assert no_writes([refused, skipped])
    assert not no_writes([skipped])
    warned = StageResult(Stage.PRODUCE, "warn", cause=cause_named("isr-below-minimum"))
    assert not no_writes([refused, BrokerReport(2, "b-2:9096", [warned])])


def test_a_cluster_without_writes_is_down_though_a_broker_passes_its_other_stages() -> None:
    idle = BrokerReport(2, "b-2:9096", [StageResult(Stage.PRODUCE, "skipped")])
    assert judge_brokers([broker(1, "produce isr-below-minimum"), idle]).status == "down"


@pytest.mark.parametrize(
    ("reports", "explained"),
    [
        ([broker(1, "tcp connection-refused"), broker(2)], True),
        ([broker(1, "tcp connection-refused"), broker(2, "tcp connection-refused"), broker(3)], False),
        ([broker(1, "tcp connection-refused"), broker(2, "produce isr-below-minimum")], False),
        ([broker(1, "tcp connection-refused"), broker(2, "produce acknowledgement-late")], True),
        ([broker(1), broker(2)], True),
    ],
)
def test_planned_work_explains_a_single_broker_that_is_away_and_no_refused_write(
    reports: list[BrokerReport], explained: bool
) -> None:
    assert explained_by_planned_work(reports) is explained


@pytest.mark.parametrize("status", ["warn", "failed"])
def test_planned_work_explains_no_partition_without_a_leader(status: str) -> None:
    result = msgspec.convert({"stage": "metadata", "status": status, "cause": "leaderless"}, StageResult)
    assert not explained_by_planned_work([with_result(broker(1), result)])
    passed = msgspec.structs.replace(result, status="ok")
    assert explained_by_planned_work([with_result(broker(1), passed)])


@pytest.mark.parametrize("cause", ["leaderless", "rebalance-timeout"])
def test_a_fault_of_the_cluster_that_only_warns_degrades_it_and_names_no_broker(cause: str) -> None:
    warned = StageResult(Stage.METADATA, "warn", cause=cause_named(cause), detail="the detail", remedy="the remedy")
    verdict = judge_brokers([with_result(broker(1), warned), broker(2)])
    assert (verdict.status, verdict.broker, verdict.cause) == ("degraded", None, cause)
    assert (verdict.summary, verdict.remedy) == ("all brokers answer, and the detail", "the remedy")
    assert verdict.runbook is not None
    assert verdict.runbook.endswith(f"docs/runbook.md#{cause}")
    assert verdict.warnings == ["broker 1 (b-1:9096) warns at metadata: the detail"]


@pytest.mark.parametrize(("cause", "added"), [("leaderless", "; the detail"), ("rebalance-timeout", "")])
def test_a_partition_without_a_leader_is_added_to_a_brokers_failure(cause: str, added: str) -> None:
    warned = StageResult(Stage.METADATA, "warn", cause=cause_named(cause), detail="the detail")
    verdict = judge_brokers([with_result(broker(1), warned), broker(2, "tcp unreachable")])
    assert verdict.summary == f"broker 2 (b-2:9096) fails at tcp: said unreachable{added}"


def test_brokers_that_were_not_written_to_are_named_in_a_healthy_verdict() -> None:
    skipped = [StageResult(Stage.PRODUCE, "skipped"), StageResult(Stage.FETCH, "skipped")]
    idle = [BrokerReport(number, f"b-{number}:9096", skipped) for number in (1, 2)]
    both = judge_brokers([*idle, broker(3)]).summary
    assert "broker 1 (b-1:9096) and broker 2 (b-2:9096) lead no partition of the probe topic, so nothing" in both
    assert "; broker 1 (b-1:9096) leads no partition" in judge_brokers([idle[0], broker(3)]).summary
    read = BrokerReport(4, "b-4:9096", [StageResult(Stage.FETCH, "skipped")])
    assert judge_brokers([read, broker(3)]).summary == "all 2 brokers pass every stage"


def test_an_alias_is_not_counted_and_is_named_as_another_name() -> None:
    alias = BrokerReport(None, "lb:9096", [], "alias")
    verdict = judge_brokers([broker(1), alias])
    assert verdict.summary == (
        "the only broker passes every stage; the bootstrap addresses lb:9096 are other names of them"
    )
    assert judge_brokers([alias]) == Verdict("down", "no broker is known")
