"""From the checks of a survey to a report on each broker."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from msk_toolkit.causes import Cause, remedy
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.results import BrokerReport, Health, Verdict
from msk_toolkit.stage import Stage

KnownFrom = Literal["both", "bootstrap", "metadata", "alias"]
# The other brokers answer, and none of them lists the address.
_UNLISTED = (
    "No broker advertises this bootstrap address: it is that of a broker that was removed, or an alias that leads "
    "nowhere. Take the bootstrap addresses from MSK again (aws kafka get-bootstrap-brokers)."
)

# Whoever makes reports names their parts from here; what only shows them takes the results, and starts without Kafka.
__all__ = ["BrokerReport", "Health", "Verdict", "broker_reports"]


def broker_reports(
    checks: Sequence[BrokerCheck],
    stages: Sequence[Stage],
    topic: str,
    bootstrap: Sequence[BrokerAddress],
    expected_brokers: int | None = None,
) -> list[BrokerReport]:
    """Reports in the order of broker ids; stages behind a failed one are noted as skipped.

    A broker that nobody lists any more, but whose replicas or number are known, gets a report of its own.

    Args:
        topic: whose replicas name brokers that may have left the metadata.
        bootstrap: the addresses that the probe began with.
        expected_brokers: how many brokers the control plane counts, where it was asked.
    """
    _overrule_strangers(checks)
    cluster = _majority(checks)
    members = [check for check in checks if check.metadata and check.metadata.cluster_id == cluster]
    _overrule_forgotten(members)
    listed = {
        broker: address for check in members if check.metadata for broker, address in check.metadata.brokers.items()
    }
    by_address = {address: broker for broker, address in listed.items()}
    names: dict[BrokerAddress, int | None] = {
        check.address: check.broker if check.broker is not None else by_address.get(check.address, check.address.number)
        for check in checks
    }
    gone = _replicas(members, topic) - listed.keys() - set(names.values())
    unreached = [check for check in checks if names[check.address] is None and not check.metadata]
    if len(gone) == 1 and len(nameless := unreached or _unlisted(members, listed, bootstrap)) == 1:
        # One address that is nobody's, and one broker that nobody lists.
        names[nameless[0].address] = gone.pop()
    _overrule_unlisted(members, listed, names)
    aliases = {check.address for check in members if check.broker is None and not check.log.failed}
    reports = [
        _report(check, names[check.address], stages, _known_from(check.address, bootstrap, by_address, aliases))
        for check in checks
    ]
    if len(gone) > len(unreached):
        reports += [_gone(broker, f"no broker lists it, and it holds replicas of {topic}") for broker in sorted(gone)]
    elif expected_brokers and listed and (missing := expected_brokers - len(reports) + len(aliases)) > 0:
        why = f"the cluster has {expected_brokers} brokers, and {missing} of them are not listed"
        # MSK numbers brokers from 1 on; where that leaves open which ones are missing, none is named.
        unlisted = set(range(1, expected_brokers + 1)) - {report.broker for report in reports}
        named: list[int | None] = [*sorted(unlisted)] if len(unlisted) == missing else [None] * missing
        reports += [_gone(broker, why) for broker in named]
    return sorted(reports, key=lambda report: (report.broker is None, report.broker or 0, report.address))


def _report(check: BrokerCheck, broker: int | None, stages: Sequence[Stage], known_from: KnownFrom) -> BrokerReport:
    if check.log.failed:
        for stage in stages:
            check.log.skip(stage, "an earlier stage failed")
        if known_from == "bootstrap":
            _advise_on_unlisted(check)
    results = sorted(
        (result for result in check.log.results if result.stage in stages),
        key=lambda result: stages.index(result.stage),
    )
    number = None if known_from == "alias" else broker
    return BrokerReport(number, str(check.address), results, known_from, check.certificate_days, check.read_back)


def _known_from(
    address: BrokerAddress,
    bootstrap: Sequence[BrokerAddress],
    advertised: Mapping[BrokerAddress, int],
    aliases: Collection[BrokerAddress],
) -> KnownFrom:
    if address in aliases:
        return "alias"
    if address not in bootstrap:
        return "metadata"
    return "bootstrap" if advertised and address not in advertised else "both"


def _advise_on_unlisted(check: BrokerCheck) -> None:
    for result in check.log.results:
        if result.status == "failed" and result.stage in (Stage.DNS, Stage.TCP):
            check.log.advise(result.stage, _UNLISTED)


def _gone(broker: int | None, why: str) -> BrokerReport:
    cause = Cause.NOT_IN_METADATA
    failed = StageResult(Stage.METADATA, "failed", cause=cause, detail=why, remedy=remedy(cause, Stage.METADATA))
    return BrokerReport(broker, "", [failed], "replicas")


def _replicas(members: Sequence[BrokerCheck], topic: str) -> set[int]:
    found = [check.metadata.topics[topic] for check in members if check.metadata and topic in check.metadata.topics]
    return {replica for one in found for part in one.partitions for replica in part.replicas}


def _majority(checks: Sequence[BrokerCheck]) -> str | None:
    counted = Counter(check.metadata.cluster_id for check in checks if check.metadata)
    # Of equals the first counts: checks stand in the order of the bootstrap list.
    return counted.most_common(1)[0][0] if counted else None


def _overrule_strangers(checks: Sequence[BrokerCheck]) -> None:
    cluster = _majority(checks)
    for check in checks:
        if check.metadata and check.metadata.cluster_id != cluster:
            words = f"it belongs to cluster {check.metadata.cluster_id}, the others to {cluster}"
            check.log.fail(Stage.METADATA, Cause.WRONG_CLUSTER, words)


def _overrule_forgotten(members: Sequence[BrokerCheck]) -> None:
    """A broker that is cut off from the controller answers, and lists itself; the others have stopped listing it."""
    for check in members:
        others = [other.metadata.brokers for other in members if other is not check and other.metadata]
        if others and check.broker is not None and all(check.broker not in listed for listed in others):
            check.log.fail(Stage.METADATA, Cause.NOT_IN_METADATA, "no other broker lists it: it is fenced")


def _unlisted(
    members: Sequence[BrokerCheck], listed: Mapping[int, BrokerAddress], bootstrap: Sequence[BrokerAddress]
) -> list[BrokerCheck]:
    """Brokers that answer and whose address nobody lists.

    Empty where the bootstrap list does not hold every listed address: then an unlisted one may be an alias.
    """
    if not set(listed.values()) <= set(bootstrap):
        return []
    return [check for check in members if check.address not in listed.values()]


def _overrule_unlisted(
    members: Sequence[BrokerCheck], listed: Mapping[int, BrokerAddress], names: Mapping[BrokerAddress, int | None]
) -> None:
    """A broker that starts answers before it is one of the cluster: not even it itself lists it."""
    for check in members:
        broker = names[check.address]
        if check.broker is None and broker is not None and broker not in listed:
            check.log.fail(Stage.METADATA, Cause.NOT_IN_METADATA, "no broker lists it, not even itself: it is fenced")
