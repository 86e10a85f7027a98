"""From every broker's stages to one verdict, and how it reads."""

import msgspec
import pytest
from msk_toolkit.causes import CAUSES
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.metadata import ClusterMetadata, Partition, Topic
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


@pytest.mark.parametrize("again", ["tls-timeout", "request-timeout", "connection-refused"])
def test_a_broker_that_froze_is_named_before_those_that_waited_for_it(again: str) -> None:
    """All three were late; of one, a second connection got no answer either."""
    late = [broker(number, "produce acknowledgement-late") for number in (1, 2, 3)]
    looked = [StageResult("fetch", "failed", cause=cause) for cause in ("record-absent", again, "record-absent")]
    shown = [
        msgspec.structs.replace(report, stages=[*report.stages, result])
        for report, result in zip(late, looked, strict=True)
    ]
    found = verdict(shown)
    assert (found.status, found.broker, found.cause) == ("degraded", 2, "acknowledgement-late")
    assert found.summary.endswith("; 2 other brokers affected")


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
        "   see docs/runbook.md#connection-refused",
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


def seeing(host: str, brokers: dict[int, str], replicas: tuple[int, ...], cluster: str = "c") -> BrokerCheck:
    """A broker that was reached, and says that the topic's only partition has these replicas."""
    one = check(host, brokers=brokers)
    assert one.metadata
    partition = Partition(0, replicas[0], replicas, replicas)
    topics = {"heartbeat": Topic("heartbeat", 0, False, (partition,))}
    one.metadata = msgspec.structs.replace(one.metadata, cluster_id=cluster, topics=topics)
    return one


def test_a_broker_that_left_the_metadata_is_known_by_its_replicas() -> None:
    shown = reports([seeing("a", {1: "a"}, (1, 2))])
    assert [(one.broker, one.known_from) for one in shown] == [(1, "both"), (2, "replicas")]
    judged = verdict(shown)
    assert (judged.status, judged.broker, judged.stage, judged.cause) == ("degraded", 2, "metadata", "not-in-metadata")


def test_the_one_address_that_does_not_answer_is_the_one_broker_that_nobody_lists() -> None:
    shown = reports([seeing("a", {1: "a"}, (1, 2)), check("b", fails=True)])
    assert [(one.broker, one.address) for one in shown] == [(1, "a:1"), (2, "b:1")]


def test_two_addresses_that_do_not_answer_get_no_number_by_guessing() -> None:
    shown = reports([seeing("a", {1: "a"}, (1, 2, 3)), check("b", fails=True), check("c", fails=True)])
    assert [(one.broker, one.address) for one in shown] == [(1, "a:1"), (None, "b:1"), (None, "c:1")]


def test_a_fenced_broker_that_still_answers_is_missed_by_the_others_and_so_by_nobody() -> None:
    alone, everyone = {1: "a", 2: "b"}, {1: "a", 2: "b", 3: "c"}
    shown = reports([seeing("a", alone, (1, 2)), seeing("b", alone, (1, 2)), seeing("c", everyone, (1, 2))])
    failures = {one.broker: (one.failure.stage, one.failure.cause) for one in shown if one.failure}
    assert failures == {3: ("metadata", "not-in-metadata")}
    assert verdict(shown).status == "degraded"


def test_a_broker_that_starts_and_answers_before_anybody_lists_it_is_named_with_its_address() -> None:
    others = {1: "a", 3: "c"}
    shown = reports([seeing(host, others, (1, 2, 3)) for host in ("a", "b", "c")])
    assert [(one.broker, one.address) for one in shown] == [(1, "a:1"), (2, "b:1"), (3, "c:1")]
    judged = verdict(shown)
    assert (judged.status, judged.broker, judged.address) == ("degraded", 2, "b:1")
    assert (judged.stage, judged.cause) == ("metadata", "not-in-metadata")


def test_a_broker_whose_name_tells_its_number_is_missed_though_it_answers() -> None:
    others = {1: "b-1.demo", 3: "b-3.demo"}
    shown = reports([seeing(f"b-{number}.demo", others, (1, 3)) for number in (1, 2, 3)])
    assert [one.broker for one in shown if one.failure] == [2]
    assert verdict(shown).status == "degraded"


def test_an_alias_that_answers_is_not_taken_for_the_broker_that_is_gone() -> None:
    # Broker 1 by an alias only, broker 2 dead and not listed.
    shown = reports([seeing("alias", {1: "a"}, (1, 2))])
    assert [(one.broker, one.address) for one in shown] == [(2, ""), (None, "alias:1")]


def test_a_broker_that_only_it_itself_could_list_is_not_missed() -> None:
    assert not reports([seeing("a", {1: "a"}, (1,))])[0].failure
    # An alias of broker 1 is another view of the same broker, and broker 2 counts for both.
    both = {1: "a", 2: "b"}
    shown = reports([seeing("a", both, (1, 2)), seeing("alias", both, (1, 2)), seeing("b", both, (1, 2))])
    assert not [one for one in shown if one.failure]


def test_brokers_that_only_msk_counts_are_missed() -> None:
    shown = reports([seeing("a", {1: "a", 2: "b"}, (1, 2)), seeing("b", {1: "a", 2: "b"}, (1, 2))], expected=3)
    assert shown[-1].failure is not None
    assert shown[-1].failure.detail == "the cluster has 3 brokers, and 1 of them are not listed"
    # MSK numbers its brokers from 1 on.
    assert (verdict(shown).broker, verdict(shown).cause) == (3, "not-in-metadata")


def test_a_broker_that_only_msk_counts_is_not_named_by_guessing() -> None:
    shown = reports([seeing("a", {11: "a", 12: "b"}, (11, 12)), seeing("b", {11: "a", 12: "b"}, (11, 12))], expected=3)
    assert [one.broker for one in shown] == [11, 12, None]
    assert verdict(shown).summary.startswith("a broker that nobody lists fails at metadata")


def test_the_odd_one_out_belongs_to_the_wrong_cluster_and_its_brokers_are_not_ours() -> None:
    ours = {1: "a", 2: "b"}
    shown = reports([seeing("a", ours, (1, 2)), seeing("x", {9: "x"}, (8, 9), "other"), seeing("b", ours, (1, 2))])
    failures = {one.address: one.failure.cause for one in shown if one.failure}
    assert failures == {"x:1": "wrong-cluster"}


def test_what_passes_when_brokers_restart_is_never_the_end_of_the_cluster() -> None:
    for failure in ("produce leader-moved", "commit coordinator-unavailable", "commit rebalance-timeout"):
        assert verdict([broker(1, failure), broker(2, failure)]).status == "degraded"
    assert verdict([broker(1, "produce isr-below-minimum"), broker(2, "produce isr-below-minimum")]).status == "down"


def test_a_partition_without_a_leader_is_told_even_where_every_broker_answers() -> None:
    one = seeing("a", {1: "a"}, (1,))
    one.log.caution("metadata", "leaderless", "heartbeat-0 has no leader; replicas: 1")
    judged = verdict(reports([one]))
    assert (judged.status, judged.broker, judged.cause) == ("degraded", None, "leaderless")


def test_warnings_are_listed_beside_a_healthy_verdict() -> None:
    result = StageResult("tls", "warn", 1.0, cause="tls-expires-soon", detail="the certificate expires in 3 days")
    judged = verdict([BrokerReport(2, "b-2:9096", [result])])
    assert judged.status == "healthy"
    assert judged.warnings == ["broker 2 (b-2:9096) warns at tls: the certificate expires in 3 days"]
