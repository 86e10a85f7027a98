"""From the checks of a run to a report on each broker."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

from msk_toolkit.causes import Cause, remedy
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.results import BrokerReport, Health, Verdict
from msk_toolkit.stage import Stage

KnownFrom = Literal["both", "bootstrap", "metadata", "alias"]
Names = dict[BrokerAddress, int | None]
# The other brokers answer, none of them lists the address, and no replica is on it.
_UNLISTED = (
    "No broker advertises this bootstrap address: it belongs to a broker that was removed, or it is an alias without a "
    "target. Get the bootstrap addresses from MSK again (aws kafka get-bootstrap-brokers)."
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
    """Reports in the order of broker ids; stages after a failed one are noted as skipped.

    1. Fail brokers of another cluster than the others', and brokers that no other one lists.
    2. Find the broker behind each address, and fail an address whose broker is not listed.
    3. Report each address, and then the brokers that only replicas or MSK's count show.

    Args:
        topic: its replicas name brokers that may have left the metadata.
        bootstrap: the addresses that the probe began with.
        expected_brokers: how many brokers the control plane counts, where it was asked.
    """
    cluster = _majority(checks)
    _fail_strangers(checks, cluster)
    members = _members(checks, cluster)
    _fail_forgotten(members)
    listing = _Listing(members, _listed(members), bootstrap)
    names = listing.names(checks)
    replicas = _replicas(members, topic)
    absent = replicas - listing.brokers.keys() - set(names.values())
    unreached = _unreached(checks, names)
    _name_single(names, absent, unreached or listing.unlisted())
    listing.fail_unlisted(names)
    for check in checks:
        # A broker that holds replicas is down; one that holds none may have been removed.
        if listing.known_from(check) == "bootstrap" and names[check.address] not in replicas:
            _advise_on_unlisted(check)
    reports = [_report(check, names[check.address], stages, listing) for check in checks]
    if len(absent) > len(unreached):
        reports += _absent_brokers(sorted(absent), f"no broker lists it, and it holds replicas of {topic}")
    elif listing.brokers:
        reports += _uncounted(reports, expected_brokers or 0)
    return sorted(reports, key=_place)


class _Listing(NamedTuple):
    """What the members' metadata lists together.

    ``brokers`` has each listed broker's address; ``bootstrap`` is what the probe began with.
    """

    members: Sequence[BrokerCheck]
    brokers: Mapping[int, BrokerAddress]
    bootstrap: Sequence[BrokerAddress]

    def names(self, checks: Sequence[BrokerCheck]) -> Names:
        """The broker's id behind each checked address, None where it is unknown."""
        by_address = {address: broker for broker, address in self.brokers.items()}
        names: Names = {}
        for check in checks:
            broker = check.broker
            if broker is None:
                # An address of MSK begins with the broker's number.
                broker = by_address.get(check.address, check.address.number)
            names[check.address] = broker
        return names

    def unlisted(self) -> list[BrokerCheck]:
        """Brokers that answer and whose address no broker lists.

        Empty where the bootstrap list does not hold every listed address: then an unlisted one may be an alias.
        """
        addresses = set(self.brokers.values())
        if not addresses <= set(self.bootstrap):
            return []
        return [check for check in self.members if check.address not in addresses]

    def fail_unlisted(self, names: Names) -> None:
        """A broker that starts answers before it is in the cluster: not even it itself lists it."""
        for check in self.members:
            broker = names[check.address]
            if check.broker is None and broker is not None and broker not in self.brokers:
                detail = "no broker lists it, not even itself: it is fenced"
                check.log.fail(Stage.METADATA, Cause.NOT_IN_METADATA, detail)

    def known_from(self, check: BrokerCheck) -> KnownFrom:
        """What names the check's address."""
        if self._is_alias(check):
            return "alias"
        if check.address not in self.bootstrap:
            return "metadata"
        if self.brokers and check.address not in self.brokers.values():
            return "bootstrap"
        return "both"

    def alias_of(self, check: BrokerCheck) -> int | None:
        """The listed broker to whose address an alias leads; None where it leads elsewhere, as to a load balancer."""
        peers: dict[tuple[str, int], int] = {}
        for broker, address in self.brokers.items():
            for member in self.members:
                if member.address == address and member.peer:
                    peers[member.peer] = broker
        return peers.get(check.peer) if check.peer else None

    def _is_alias(self, check: BrokerCheck) -> bool:
        return check in self.members and check.broker is None and not check.log.failed


def _place(report: BrokerReport) -> tuple[bool, int, str]:
    return report.broker is None, report.broker or 0, report.address


def _members(checks: Sequence[BrokerCheck], cluster: str | None) -> list[BrokerCheck]:
    return [check for check in checks if check.metadata and check.metadata.cluster_id == cluster]


def _unreached(checks: Sequence[BrokerCheck], names: Names) -> list[BrokerCheck]:
    return [check for check in checks if names[check.address] is None and not check.metadata]


def _name_single(names: Names, absent: set[int], nameless: Sequence[BrokerCheck]) -> None:
    # A single address has no broker, and a single broker has no address.
    if len(absent) == len(nameless) == 1:
        names[nameless[0].address] = absent.pop()


def _listed(members: Sequence[BrokerCheck]) -> dict[int, BrokerAddress]:
    brokers: dict[int, BrokerAddress] = {}
    for check in members:
        if check.metadata:
            brokers |= check.metadata.brokers
    return brokers


def _report(check: BrokerCheck, broker: int | None, stages: Sequence[Stage], listing: _Listing) -> BrokerReport:
    known_from = listing.known_from(check)
    if check.log.failed:
        _skip_the_rest(check, stages)
    results = [result for result in check.log.results if result.stage in stages]
    results.sort(key=attrgetter("stage.position"))
    target = None
    if known_from == "alias":
        broker, target = None, listing.alias_of(check)
    return BrokerReport(
        broker, str(check.address), results, known_from, check.certificate_days, check.read_back, target
    )


def _skip_the_rest(check: BrokerCheck, stages: Sequence[Stage]) -> None:
    for stage in stages:
        check.log.skip(stage, "an earlier stage failed")


def _advise_on_unlisted(check: BrokerCheck) -> None:
    for result in check.log.results:
        if result.status == "failed" and result.stage in (Stage.DNS, Stage.TCP):
            check.log.advise(result.stage, _UNLISTED)


def _uncounted(reports: Sequence[BrokerReport], expected: int) -> list[BrokerReport]:
    """A report for each broker that MSK counts and that none of the reports is about."""
    missing = expected - sum(not report.is_alias for report in reports)
    if missing <= 0:
        return []
    detail = f"the cluster has {expected} brokers, and {missing} of them are not listed"
    # MSK numbers brokers from 1 on; where that leaves open which ones are missing, none is named.
    unlisted = set(range(1, expected + 1)) - {report.broker for report in reports}
    if len(unlisted) != missing:
        return _absent_brokers([None] * missing, detail)
    return _absent_brokers(sorted(unlisted), detail)


def _absent_brokers(brokers: Iterable[int | None], detail: str) -> list[BrokerReport]:
    return [_absent_broker(broker, detail) for broker in brokers]


def _absent_broker(broker: int | None, detail: str) -> BrokerReport:
    cause, stage = Cause.NOT_IN_METADATA, Stage.METADATA
    failure = StageResult(stage, "failed", cause=cause, detail=detail, remedy=remedy(cause, stage))
    return BrokerReport(broker, "", [failure], "replicas")


def _replicas(members: Sequence[BrokerCheck], topic: str) -> set[int]:
    replicas: set[int] = set()
    for check in members:
        if check.metadata and topic in check.metadata.topics:
            for partition in check.metadata.topics[topic].partitions:
                replicas.update(partition.replicas)
    return replicas


def _majority(checks: Sequence[BrokerCheck]) -> str | None:
    clusters = Counter(check.metadata.cluster_id for check in checks if check.metadata)
    if not clusters:
        return None
    # Of equals the first counts: checks are in the order of the bootstrap list.
    return clusters.most_common(1)[0][0]


def _fail_strangers(checks: Sequence[BrokerCheck], cluster: str | None) -> None:
    for check in checks:
        if check.metadata and check.metadata.cluster_id != cluster:
            detail = f"it belongs to cluster {check.metadata.cluster_id}, the others to {cluster}"
            check.log.fail(Stage.METADATA, Cause.WRONG_CLUSTER, detail)


def _fail_forgotten(members: Sequence[BrokerCheck]) -> None:
    """A broker that is cut off from the controller answers, and lists itself; the others have stopped listing it."""
    for check in members:
        if _is_forgotten(check, members):
            check.log.fail(Stage.METADATA, Cause.NOT_IN_METADATA, "no other broker lists it: it is fenced")


def _is_forgotten(check: BrokerCheck, members: Sequence[BrokerCheck]) -> bool:
    others = [other for other in members if other is not check]
    return bool(others) and check.broker is not None and check.broker not in _listed(others)
