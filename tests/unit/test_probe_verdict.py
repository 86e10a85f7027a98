"""From every broker's stages to one verdict, and how it reads."""

import msgspec
import pytest
from msk_toolkit.causes import Cause, remedy
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.probe.verdict import RUNBOOK, explained_by_planned_work, judge_brokers
from msk_toolkit.stage import PRODUCER_STAGES, Stage

from tests.fakes.rows import cause_named, stage_named


def broker(number: int | None, failure: str = "") -> BrokerReport:
    """A report; `failure` is "stage cause", empty for a broker that passes."""
    stages = [StageResult(stage, "ok", 1.0, 5000.0) for stage in PRODUCER_STAGES]
    if failure:
        stage, cause = stage_named(failure.split()[0]), cause_named(failure.split()[1])
        before = [result for result in stages if stage.comes_after(result.stage)]
        stages = [*before, StageResult(stage, "failed", 2.0, 5000.0, cause, f"said {cause}", cause.remedy)]
    return BrokerReport(number, f"b-{number or 9}:9096", stages)


@pytest.mark.parametrize(
    ("failures", "status", "named", "stage", "summary"),
    [
        (["", "", ""], "healthy", None, None, "all 3 brokers pass every stage"),
        ([""], "healthy", None, None, "the only broker passes every stage"),
        (
            ["", "tcp connection-refused", ""],
            "degraded",
            2,
            "tcp",
            "broker 2 (b-2:9096) fails at tcp: said connection-refused",
        ),
        (
            ["produce acknowledgement-late", "produce not-enough-replicas", "tcp connection-refused"],
            "degraded",
            3,
            "tcp",
            "broker 3 (b-3:9096) fails at tcp: said connection-refused; 2 other brokers affected",
        ),
        # Late because of it, so not down.
        (
            ["produce acknowledgement-late", "tls tls-timeout", "produce acknowledgement-late"],
            "degraded",
            2,
            "tls",
            "broker 2 (b-2:9096) fails at tls: said tls-timeout; 2 other brokers affected",
        ),
        (
            ["commit coordinator-unavailable", "tls tls-timeout", ""],
            "degraded",
            2,
            "tls",
            "broker 2 (b-2:9096) fails at tls: said tls-timeout; 1 other broker affected",
        ),
        (
            ["metadata request-timeout", "fetch request-timeout", ""],
            "degraded",
            1,
            "metadata",
            "broker 1 (b-1:9096) fails at metadata: said request-timeout; 1 other broker affected",
        ),
        # An echo with nothing that it could be the echo of.
        (
            ["", "produce acknowledgement-late", ""],
            "degraded",
            2,
            "produce",
            "broker 2 (b-2:9096) fails at produce: said acknowledgement-late",
        ),
        # It left in the middle of the run, and the other one waited for its acknowledgement.
        (
            ["produce acknowledgement-late", "fetch connection-closed", ""],
            "degraded",
            2,
            "fetch",
            "broker 2 (b-2:9096) fails at fetch: said connection-closed; 1 other broker affected",
        ),
        # Its followers do not read, since they are not there.
        (
            ["fetch offset-not-available", "tls tls-timeout", "fetch offset-not-available"],
            "degraded",
            2,
            "tls",
            "broker 2 (b-2:9096) fails at tls: said tls-timeout; 2 other brokers affected",
        ),
        # No echo: the broker would fail in the same way were the other one there.
        (
            ["acl topic-denied", "tcp connect-timeout", ""],
            "degraded",
            2,
            "tcp",
            "broker 2 (b-2:9096) fails at tcp: said connect-timeout; also broker 1 (b-1:9096) fails at acl: said "
            "topic-denied",
        ),
        (
            ["sasl authentication-failed"] * 3,
            "down",
            None,
            "sasl",
            "all 3 brokers fail at sasl: said authentication-failed",
        ),
        (
            ["dns name-not-found", "dns name-not-found", ""],
            "degraded",
            1,
            "dns",
            "broker 1 (b-1:9096) and broker 2 (b-2:9096) fail at dns: said name-not-found",
        ),
        (
            ["sasl authentication-failed", "tcp connection-refused", "dns name-not-found"],
            "down",
            3,
            "dns",
            "broker 3 (b-3:9096) fails at dns: said name-not-found; also broker 2 (b-2:9096) fails at tcp: said "
            "connection-refused; also broker 1 (b-1:9096) fails at sasl: said authentication-failed",
        ),
        # The password is refused wherever it is asked for; that a broker is away besides stops less.
        (
            ["sasl authentication-failed", "tcp connection-refused", "sasl authentication-failed"],
            "down",
            1,
            "sasl",
            "broker 1 (b-1:9096) and broker 3 (b-3:9096) fail at sasl: said authentication-failed; also broker 2 "
            "(b-2:9096) fails at tcp: said connection-refused",
        ),
        (
            ["acl topic-denied", "tcp connect-timeout", "acl topic-denied"],
            "down",
            1,
            "acl",
            "broker 1 (b-1:9096) and broker 3 (b-3:9096) fail at acl: said topic-denied; also broker 2 (b-2:9096) "
            "fails at tcp: said connect-timeout",
        ),
        # What a missing broker may have caused leads no verdict, however many show it.
        (
            ["fetch record-lost", "tcp connect-timeout", "fetch record-lost"],
            "down",
            2,
            "tcp",
            "broker 2 (b-2:9096) fails at tcp: said connect-timeout; also broker 1 (b-1:9096) and broker 3 "
            "(b-3:9096) fail at fetch: said record-lost",
        ),
        (["tcp unreachable"], "down", 1, "tcp", "broker 1 (b-1:9096) fails at tcp: said unreachable"),
    ],
)
def test_the_verdict_names_the_cause_and_not_its_echoes(
    failures: list[str], status: str, named: int | None, stage: str | None, summary: str
) -> None:
    found = judge_brokers([broker(number, failure) for number, failure in enumerate(failures, start=1)])
    assert (found.status, found.broker, found.stage, found.summary) == (status, named, stage, summary)
    assert (found.remedy is None) == (status == "healthy")


@pytest.mark.parametrize("again", ["tls-timeout", "request-timeout", "connection-refused"])
def test_a_broker_that_froze_is_named_before_those_that_waited_for_it(again: str) -> None:
    """All three were late; of one, a second connection got no answer either."""
    late = [broker(number, "produce acknowledgement-late") for number in (1, 2, 3)]
    looked = [
        StageResult(Stage.FETCH, "failed", cause=cause_named(cause))
        for cause in ("record-absent", again, "record-absent")
    ]
    shown = [
        msgspec.structs.replace(report, stages=[*report.stages, result])
        for report, result in zip(late, looked, strict=True)
    ]
    found = judge_brokers(shown)
    assert (found.status, found.broker, found.cause) == ("degraded", 2, "acknowledgement-late")
    assert found.summary.endswith("; 2 other brokers affected")


def test_without_brokers_the_cluster_is_down() -> None:
    assert judge_brokers([]).status == "down"


def test_a_healthy_verdict_says_which_broker_was_not_written_through() -> None:
    idle = broker(2)
    stages = [StageResult(each.stage, "skipped") if each.stage == "produce" else each for each in idle.stages]
    found = judge_brokers([broker(1), msgspec.structs.replace(idle, stages=stages)])
    assert found.status == "healthy"
    assert "; broker 2 (b-2:9096) leads no partition of the probe topic, so nothing was written there: no fault" in (
        found.summary
    )


def test_a_broker_without_a_number_goes_by_its_address() -> None:
    assert judge_brokers([broker(None, "tcp unreachable"), broker(1)]).summary.startswith(
        "broker b-9:9096 fails at tcp"
    )


def test_every_cause_has_a_meaning_and_a_remedy() -> None:
    for cause in Cause:
        assert cause.meaning.endswith(".")
        assert cause.remedy


def test_the_table_lines_up_and_begins_with_the_verdict() -> None:
    reports = [broker(1), broker(None, "tcp connection-refused")]
    shown = render_probe(judge_brokers(reports), reports, (Stage.DNS, Stage.TCP, Stage.TLS, Stage.COMMIT))
    assert shown.splitlines() == [
        "DEGRADED: broker b-9:9096 fails at tcp: said connection-refused",
        f"-> {Cause.CONNECTION_REFUSED.remedy}",
        f"   see {RUNBOOK}#connection-refused",
        "",
        "broker  address   dns   tcp        tls",
        "1       b-1:9096  1 ms  1 ms       1 ms",
        "?       b-9:9096  1 ms  FAIL 2 ms  -",
    ]


def test_a_healthy_table_has_no_remedy_and_shows_warnings() -> None:
    skipped = StageResult(Stage.PRODUCE, "skipped", detail="the broker leads no partition (no fault)")
    reports = [BrokerReport(number, "b:1", [StageResult(Stage.ACL, "warn", 3.0), skipped]) for number in (1, 2)]
    assert render_probe(Verdict("healthy", "fine"), reports, (Stage.ACL, Stage.PRODUCE)).splitlines() == [
        "HEALTHY: fine",
        "",
        "broker  address  acl        produce",
        "1       b:1      warn 3 ms  -",
        "2       b:1      warn 3 ms  -",
        "- produce skipped at brokers 1 and 2: the broker leads no partition (no fault)",
    ]


def test_the_stages_after_a_failure_need_no_reason_of_their_own() -> None:
    skipped = StageResult(Stage.FETCH, "skipped", detail="an earlier stage failed")
    failed = broker(1, "tcp unreachable")
    reports = [msgspec.structs.replace(failed, stages=[*failed.stages, skipped])]
    assert "skipped" not in render_probe(judge_brokers(reports), reports, PRODUCER_STAGES)


def test_what_passes_when_brokers_restart_is_never_the_end_of_the_cluster() -> None:
    for failure in ("produce leader-moved", "commit coordinator-unavailable", "commit rebalance-timeout"):
        assert judge_brokers([broker(1, failure), broker(2, failure)]).status == "degraded"
    assert (
        judge_brokers([broker(1, "produce isr-below-minimum"), broker(2, "produce isr-below-minimum")]).status == "down"
    )


def test_warnings_are_listed_beside_a_healthy_verdict() -> None:
    result = StageResult(
        Stage.TLS, "warn", 1.0, cause=Cause.TLS_EXPIRES_SOON, detail="the certificate expires in 3 days"
    )
    judged = judge_brokers([BrokerReport(2, "b-2:9096", [result])])
    assert judged.status == "healthy"
    assert judged.warnings == ["broker 2 (b-2:9096) warns at tls: the certificate expires in 3 days"]


def with_stage(report: BrokerReport, result: StageResult) -> BrokerReport:
    """The report with another result of that stage."""
    stages = [result if each.stage == result.stage else each for each in report.stages]
    return msgspec.structs.replace(report, stages=stages)


def test_a_cluster_in_which_no_broker_takes_a_write_is_down() -> None:
    refused = "produce isr-below-minimum"
    judged = judge_brokers(
        [broker(1, "tcp connection-refused"), broker(2, "tcp connection-refused"), broker(3, refused)]
    )
    assert judged.status == "down"
    assert judge_brokers([broker(1, "tcp connection-refused"), broker(2), broker(3, refused)]).status == "degraded"


def test_one_broker_that_fails_may_be_planned_work_and_two_or_a_refused_write_are_not() -> None:
    away = "tcp connection-refused"
    assert explained_by_planned_work([broker(1, away), broker(2), broker(3, "produce acknowledgement-late")])
    assert not explained_by_planned_work([broker(1, away), broker(2, away), broker(3)])
    assert not explained_by_planned_work([broker(1, away), broker(2), broker(3, "produce isr-below-minimum")])
    leaderless = StageResult(
        Stage.METADATA, "warn", cause=Cause.LEADERLESS, detail="heartbeat-1 has no leader; replicas: 1"
    )
    assert not explained_by_planned_work([broker(1, away), with_stage(broker(2), leaderless)])


def test_a_partition_without_a_leader_is_told_beside_the_broker_that_fails() -> None:
    leaderless = StageResult(
        Stage.METADATA, "warn", cause=Cause.LEADERLESS, detail="heartbeat-1 has no leader; replicas: 1"
    )
    judged = judge_brokers([broker(1, "tcp connection-refused"), with_stage(broker(2), leaderless)])
    assert judged.summary.endswith("; heartbeat-1 has no leader; replicas: 1")


def test_a_group_that_does_not_settle_is_told_of_the_group_and_of_no_broker() -> None:
    unsettled = StageResult(
        Stage.COMMIT, "warn", cause=Cause.REBALANCE_TIMEOUT, detail="group g did not settle in time"
    )
    stages = [*broker(2).stages, unsettled]
    judged = judge_brokers([broker(1), msgspec.structs.replace(broker(2), stages=stages)])
    assert (judged.status, judged.broker, judged.cause) == ("degraded", None, "rebalance-timeout")
    assert judged.summary == "all brokers answer, and group g did not settle in time"


def test_a_connection_that_closes_after_the_login_is_not_told_as_a_listener_of_another_kind() -> None:
    assert "listener is of another kind" in remedy(Cause.CONNECTION_CLOSED, Stage.TCP)
    assert "listener" not in remedy(Cause.CONNECTION_CLOSED, Stage.FETCH)
