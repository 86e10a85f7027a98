"""From every broker's stages to one verdict, and how it reads."""

import msgspec
import pytest
from msk_toolkit.causes import CAUSES
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.metadata import ClusterMetadata
from msk_toolkit.network.stages import StageLog, StageResult
from msk_toolkit.probe.producer import STAGES
from msk_toolkit.probe.render import render
from msk_toolkit.probe.report import BrokerReport, Verdict, broker_reports
from msk_toolkit.probe.survey import BrokerCheck
from msk_toolkit.probe.verdict import STAGES as ALL_STAGES
from msk_toolkit.probe.verdict import verdict


def broker(number: int | None, failure: str = "") -> BrokerReport:
    """A report; `failure` is "stage cause", empty for a broker that passes."""
    stages = [StageResult(stage, "ok", 1.0, 5000.0) for stage in STAGES]
    if failure:
        stage, cause = failure.split()
        before = [each for each in stages if ALL_STAGES.index(each.stage) < ALL_STAGES.index(stage)]
        stages = [*before, StageResult(stage, "failed", 2.0, 5000.0, cause, f"said {cause}", CAUSES[cause].remedy)]
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
        # No echo: the broker would fail in the same way were the other one there.
        (
            ["acl topic-denied", "tcp connect-timeout", ""],
            "degraded",
            2,
            "tcp",
            "broker 2 (b-2:9096) fails at tcp: said connect-timeout; 1 other broker affected",
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
            "broker 3 (b-3:9096) fails at dns: said name-not-found; 2 other brokers affected",
        ),
        (["tcp unreachable"], "down", 1, "tcp", "broker 1 (b-1:9096) fails at tcp: said unreachable"),
    ],
)
def test_the_verdict_names_the_cause_and_not_its_echoes(
    failures: list[str], status: str, named: int | None, stage: str | None, summary: str
) -> None:
    found = verdict([broker(number, failure) for number, failure in enumerate(failures, start=1)])
    assert (found.status, found.broker, found.stage, found.summary) == (status, named, stage, summary)
    assert (found.remedy is None) == (status == "healthy")


def test_without_brokers_the_cluster_is_down() -> None:
    assert verdict([]).status == "down"


def test_a_healthy_verdict_says_which_broker_was_not_written_through() -> None:
    idle = broker(2)
    stages = [StageResult(each.stage, "skipped") if each.stage == "produce" else each for each in idle.stages]
    found = verdict([broker(1), msgspec.structs.replace(idle, stages=stages)])
    assert found.status == "healthy"
    assert "not written through: broker 2 (b-2:9096)" in found.summary


def test_a_broker_without_a_number_goes_by_its_address() -> None:
    assert verdict([broker(None, "tcp unreachable"), broker(1)]).summary.startswith("broker b-9:9096 fails at tcp")


def test_every_cause_has_a_meaning_and_a_remedy() -> None:
    for cause in CAUSES.values():
        assert cause.meaning.endswith(".")
        assert cause.remedy


def test_the_table_lines_up_and_begins_with_the_verdict() -> None:
    reports = [broker(1), broker(None, "tcp connection-refused")]
    shown = render(verdict(reports), reports, ("dns", "tcp", "tls", "commit"))
    assert shown.splitlines() == [
        "DEGRADED: broker b-9:9096 fails at tcp: said connection-refused",
        f"-> {CAUSES['connection-refused'].remedy}",
        "",
        "broker  address   dns   tcp        tls",
        "1       b-1:9096  1 ms  1 ms       1 ms",
        "?       b-9:9096  1 ms  FAIL 2 ms  -",
    ]


def test_a_healthy_table_has_no_remedy_and_shows_cautions() -> None:
    one = BrokerReport(1, "b:1", [StageResult("acl", "warn", 3.0), StageResult("produce", "skipped")])
    assert render(Verdict("healthy", "fine"), [one], ("acl", "produce")).splitlines() == [
        "HEALTHY: fine",
        "",
        "broker  address  acl        produce",
        "1       b:1      warn 3 ms  -",
    ]


def check(host: str, *, brokers: dict[int, str] | None = None, fails: bool = False) -> BrokerCheck:
    log = StageLog(Deadline(5), 5)
    with log.stage("dns"):
        pass
    if fails:
        with pytest.raises(StageError), log.stage("tcp"):
            raise StageError("tcp", "connection-refused", host, "refused")
    elif brokers is not None:
        with log.stage("metadata"):
            pass
    known = {broker: BrokerAddress(name, 1) for broker, name in (brokers or {}).items()}
    metadata = ClusterMetadata("c", 1, known, {}) if brokers is not None else None
    return BrokerCheck(BrokerAddress(host, 1), log, None, metadata)


def reports(checks: list[BrokerCheck], expected: int | None = None) -> list[BrokerReport]:
    return broker_reports(checks, STAGES, "heartbeat", [one.address for one in checks], expected)


def test_reports_come_by_broker_id_and_unknown_ones_last() -> None:
    brokers = {1: "a", 2: "b"}
    checks = [check("x", fails=True), check("b", brokers=brokers), check("a", fails=True)]
    assert [(one.broker, one.address) for one in reports(checks)] == [
        (1, "a:1"),
        (2, "b:1"),
        (None, "x:1"),
    ]


def test_a_broker_that_nobody_reached_keeps_the_number_in_its_name() -> None:
    (only,) = reports([check("b-3.demo.kafka", fails=True)])
    assert only.broker == 3


def test_stages_behind_a_failure_are_noted_as_skipped_in_their_order() -> None:
    (only,) = reports([check("a", fails=True)])
    assert [each.stage for each in only.stages] == list(STAGES)
    assert [each.status for each in only.stages] == ["ok", "failed", *["skipped"] * 6]
    assert only.failure is not None
    assert only.failure.stage == "tcp"


def test_a_broker_that_does_not_list_itself_gets_a_caution() -> None:
    (only,) = reports([check("alias", brokers={1: "a"})])
    (stage,) = [each for each in only.stages if each.stage == "metadata"]
    assert (stage.status, stage.cause) == ("warn", "not-in-metadata")
