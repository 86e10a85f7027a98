"""The request and the response of diagnose."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.causes import Cause
from msk_toolkit.diagnose.connectivity import ConnectivityOption
from msk_toolkit.diagnose.finding import NetworkFinding
from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import Network, Protocol
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.settings.loading import read_event
from msk_toolkit.stage import Stage
from msk_toolkit.version import ResponseVersion, current_version

DiagnoseStatus = Literal["healthy", "degraded", "down", "reached", "not reached"]


class DiagnoseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to check; by default everything."""

    networks: Annotated[
        tuple[Literal["public", "multi-vpc", "ipv6"], ...],
        Meta(description="Networks whose listeners are checked, in addition to the VPC's, which always are."),
    ] = ("public", "multi-vpc", "ipv6")
    verbose: Annotated[
        bool,
        Meta(
            description="Whether the table has everything: notes, listeners that are not in use, and how other "
            "networks may be connected."
        ),
    ] = False

    @property
    def all_networks(self) -> list[Network]:
        """The requested networks, and the VPC."""
        return ["vpc", *self.networks]


class ProbeResult(msgspec.Struct, frozen=True, rename="camel"):
    """One probe's verdict, and every stage of every broker."""

    verdict: Verdict
    brokers: list[BrokerReport]


class ListenerReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One listener: with credentials both probes, without them every stage up to the login (``reached``).

    ``offers`` are the mechanisms that the listener offers, where it was reached without credentials.
    """

    network: Network
    protocol: Protocol
    ports: list[int]
    in_use: bool
    status: DiagnoseStatus
    summary: str
    offers: list[str] = []
    written: ProbeResult | None = None
    read: ProbeResult | None = None
    reached: list[BrokerReport] | None = None

    @property
    def results(self) -> list[ProbeResult]:
        """The probes that ran."""
        return [result for result in (self.written, self.read) if result]

    @property
    def broker_reports(self) -> list[BrokerReport]:
        """Every broker's report, of whichever probe."""
        reports: list[BrokerReport] = []
        for result in self.results:
            reports += result.brokers
        return reports + (self.reached or [])

    @property
    def causes(self) -> set[Cause | None]:
        """Why brokers failed, each cause once."""
        return {report.failure.cause for report in self.broker_reports if report.failure}

    @property
    def connects(self) -> bool:
        """Whether a TCP connection to every broker succeeded."""
        reports = self.broker_reports
        return bool(reports) and all(_connected(report) for report in reports)

    @property
    def connected_ports(self) -> list[int]:
        """The ports on which a TCP connection to a broker succeeded."""
        addresses = [report.address for report in self.broker_reports if _connected(report)]
        return [int(address.rpartition(":")[2]) for address in addresses]


class DiagnoseResponse(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """All findings, and all of it as a table.

    ``healthy``: the listener in use works and nothing is known that keeps the mapping from working; ``degraded``:
    a part of that does not work; ``down``: the listener in use does not work at all.
    """

    status: Literal["healthy", "degraded", "down"]
    summary: str
    cluster: ClusterDescription | None
    listeners: list[ListenerReport]
    findings: list[Finding]
    network: list[NetworkFinding]
    mapping: list[NetworkFinding]
    connectivity: list[ConnectivityOption]
    table: str = ""
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def _connected(report: BrokerReport) -> bool:
    return any(stage.stage == Stage.TCP and stage.status == "ok" for stage in report.stages)


def parse_diagnose_request(event: Any) -> DiagnoseRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    return read_event(event, DiagnoseRequest, '{"networks": ["public"]}')
