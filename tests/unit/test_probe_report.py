"""From what was seen of every broker to a report on each: which broker it is, and which one is missing."""

import msgspec
import pytest
from msk_toolkit.causes import Cause, remedy
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.metadata import ClusterMetadata, Partition, Topic
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.report import BrokerReport, broker_reports
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.stage import PRODUCER_STAGES, Stage


def check(host: str, *, brokers: dict[int, str] | None = None, fails: bool = False) -> BrokerCheck:
    log = StageLog(Deadline(5), 5)
    with log.stage(Stage.DNS):
        pass
    if fails:
        with pytest.raises(StageError), log.stage(Stage.TCP):
            raise StageError(Stage.TCP, Cause.CONNECTION_REFUSED, host, "refused")
    elif brokers is not None:
        with log.stage(Stage.METADATA):
            pass
    known = {broker: BrokerAddress(name, 1) for broker, name in (brokers or {}).items()}
    metadata = ClusterMetadata("c", 1, known, {}) if brokers is not None else None
    return BrokerCheck(BrokerAddress(host, 1), log, None, metadata)


def reports(checks: list[BrokerCheck], expected: int | None = None) -> list[BrokerReport]:
    return broker_reports(checks, PRODUCER_STAGES, "heartbeat", [one.address for one in checks], expected)


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
    assert [each.stage for each in only.stages] == list(PRODUCER_STAGES)
    assert [each.status for each in only.stages] == ["ok", "failed", *["skipped"] * (len(PRODUCER_STAGES) - 2)]
    assert only.failure is not None
    assert only.failure.stage == "tcp"


def test_bootstrap_aliases_are_told_as_aliases_and_not_counted_as_brokers() -> None:
    advertised = {1: "b-1", 2: "b-2", 3: "b-3"}
    shown = reports([check(f"{kind}-{n}", brokers=advertised) for kind in ("alias", "b") for n in (1, 2, 3)])
    assert [one.broker for one in shown if not one.is_alias] == [1, 2, 3]
    assert [one.address for one in shown if one.is_alias] == ["alias-1:1", "alias-2:1", "alias-3:1"]
    judged = judge_brokers(shown)
    assert judged.status == "healthy"
    assert not judged.warnings
    assert judged.summary == (
        "all 3 brokers pass every stage; "
        "the bootstrap addresses alias-1:1, alias-2:1, alias-3:1 are other names of them"
    )


def test_a_bootstrap_address_that_no_broker_advertises_and_that_fails_is_told_as_that() -> None:
    shown = reports([check("a", brokers={1: "a"}), check("old", fails=True)])
    (failed,) = [one.failure for one in shown if one.failure]
    assert failed.remedy is not None
    assert failed.remedy.startswith("No broker advertises this bootstrap address")


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
    judged = judge_brokers(shown)
    assert (judged.status, judged.broker, judged.stage, judged.cause) == ("degraded", 2, "metadata", "not-in-metadata")


def test_the_one_address_that_does_not_answer_is_the_one_broker_that_nobody_lists() -> None:
    shown = reports([seeing("a", {1: "a"}, (1, 2)), check("b", fails=True)])
    assert [(one.broker, one.address) for one in shown] == [(1, "a:1"), (2, "b:1")]


def test_a_broker_with_replicas_that_no_other_lists_is_down_and_not_called_removed() -> None:
    shown = reports([seeing("a", {1: "a"}, (1, 2)), check("b", fails=True)])
    failed = shown[1].failure
    assert failed is not None
    assert failed.cause is not None
    assert failed.remedy == remedy(failed.cause, failed.stage)


def test_two_addresses_that_do_not_answer_get_no_number_by_guessing() -> None:
    shown = reports([seeing("a", {1: "a"}, (1, 2, 3)), check("b", fails=True), check("c", fails=True)])
    assert [(one.broker, one.address) for one in shown] == [(1, "a:1"), (None, "b:1"), (None, "c:1")]


def test_a_fenced_broker_that_still_answers_is_missed_by_the_others_and_so_by_nobody() -> None:
    alone, everyone = {1: "a", 2: "b"}, {1: "a", 2: "b", 3: "c"}
    shown = reports([seeing("a", alone, (1, 2)), seeing("b", alone, (1, 2)), seeing("c", everyone, (1, 2))])
    failures = {one.broker: (one.failure.stage, one.failure.cause) for one in shown if one.failure}
    assert failures == {3: ("metadata", "not-in-metadata")}
    assert judge_brokers(shown).status == "degraded"


def test_a_broker_that_starts_and_answers_before_anybody_lists_it_is_named_with_its_address() -> None:
    others = {1: "a", 3: "c"}
    shown = reports([seeing(host, others, (1, 2, 3)) for host in ("a", "b", "c")])
    assert [(one.broker, one.address) for one in shown] == [(1, "a:1"), (2, "b:1"), (3, "c:1")]
    judged = judge_brokers(shown)
    assert (judged.status, judged.broker, judged.address) == ("degraded", 2, "b:1")
    assert (judged.stage, judged.cause) == ("metadata", "not-in-metadata")


def test_a_broker_whose_name_tells_its_number_is_missed_though_it_answers() -> None:
    others = {1: "b-1.demo", 3: "b-3.demo"}
    shown = reports([seeing(f"b-{number}.demo", others, (1, 3)) for number in (1, 2, 3)])
    assert [one.broker for one in shown if one.failure] == [2]
    assert judge_brokers(shown).status == "degraded"


def test_an_alias_that_answers_is_not_taken_for_the_broker_that_is_gone() -> None:
    # Broker 1 by an alias only, broker 2 dead and not listed.
    shown = reports([seeing("alias", {1: "a"}, (1, 2))])
    assert [(one.broker, one.address) for one in shown] == [(2, ""), (None, "alias:1")]
    assert judge_brokers(shown).broker == 2


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
    assert (judge_brokers(shown).broker, judge_brokers(shown).cause) == (3, "not-in-metadata")


def test_a_broker_that_only_msk_counts_is_not_named_by_guessing() -> None:
    shown = reports([seeing("a", {11: "a", 12: "b"}, (11, 12)), seeing("b", {11: "a", 12: "b"}, (11, 12))], expected=3)
    assert [one.broker for one in shown] == [11, 12, None]
    assert judge_brokers(shown).summary.startswith("a broker that no broker lists fails at metadata")


def test_the_odd_one_out_belongs_to_the_wrong_cluster_and_its_brokers_are_not_ours() -> None:
    ours = {1: "a", 2: "b"}
    shown = reports([seeing("a", ours, (1, 2)), seeing("x", {9: "x"}, (8, 9), "other"), seeing("b", ours, (1, 2))])
    failures = {one.address: one.failure.cause for one in shown if one.failure}
    assert failures == {"x:1": "wrong-cluster"}


def test_a_partition_without_a_leader_is_told_even_where_every_broker_answers() -> None:
    one = seeing("a", {1: "a"}, (1,))
    one.log.add_warning(Stage.METADATA, Cause.LEADERLESS, "heartbeat-0 has no leader; replicas: 1")
    judged = judge_brokers(reports([one]))
    assert (judged.status, judged.broker, judged.cause) == ("degraded", None, "leaderless")
