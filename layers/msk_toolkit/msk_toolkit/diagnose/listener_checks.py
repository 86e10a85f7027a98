"""Check one listener as far as its credentials allow."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.listeners import ListenerAccess
from msk_toolkit.diagnose.report import DiagnoseStatus, ListenerReport, ProbeResult
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.msk.cluster import ClusterState
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.context import KnownContext
from msk_toolkit.probe.heartbeat import Writer
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.report import BrokerReport, broker_reports
from msk_toolkit.probe.run import run_probe
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.stage import CONNECTION_STAGES, Stage

_MAX_CONCURRENT_CHECKS = 32
# The heartbeats are the probes' own; reading some of them is enough.
_MAX_RECORDS = 100
_RANK: dict[DiagnoseStatus, int] = {"healthy": 0, "degraded": 1, "down": 2}


def check_listener(
    target: ListenerAccess,
    settings: DiagnoseSettings,
    deadline: Deadline,
    state: ClusterState | None,
    secret_findings: Sequence[str],
) -> ListenerReport:
    """Both probes where there are credentials; otherwise dns, tcp, tls and the mechanisms that the listener offers."""
    try:
        if target.access is None:
            return _without_credentials(target, settings, deadline)
        return _with_credentials(target, target.access, settings, deadline, state, secret_findings)
    except ConfigurationError as error:
        # TRUSTED_CA can't be read; plaintext does not need it.
        return _report(target, "down", str(error))


def _with_credentials(
    target: ListenerAccess,
    access: Access,
    settings: DiagnoseSettings,
    deadline: Deadline,
    state: ClusterState | None,
    secret_findings: Sequence[str],
) -> ListenerReport:
    context = KnownContext(state, secret_findings)
    to_write = ProducerOptions(
        topic=settings.probe_topic,
        # Half of the time at most: the consumer probe must have some left.
        deadline=deadline.at_most(deadline.remaining() / 2),
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        context=context,
        # A diagnosis is a writer of its own, whose numbers begin again each time.
        writer=Writer(),
    )
    written = run_probe(access, to_write)
    if written.verdict.cause is Cause.CLIENT_CERTIFICATE_WANTED and settings.auth_mode != "mtls":
        return _report(target, "reached", "the listener requires a client certificate (mutual TLS)", written)
    to_read = ConsumerOptions(
        topic=settings.probe_topic,
        group=f"{settings.consumer_group}-{target.listener.network}-{target.listener.protocol}",
        max_records=_MAX_RECORDS,
        deadline=deadline,
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        context=context,
    )
    read = run_probe(access, to_read)
    worst = max((written.verdict, read.verdict), key=lambda verdict: _RANK[verdict.status])
    report = _report(target, worst.status, worst.summary, written)
    return msgspec.structs.replace(report, read=ProbeResult(read.verdict, read.brokers))


def _without_credentials(target: ListenerAccess, settings: DiagnoseSettings, deadline: Deadline) -> ListenerReport:
    access = msgspec.structs.replace(target.without_login, trusted_ca=settings.trusted_ca)
    checks = [BrokerCheck(address, StageLog(deadline, settings.stage_timeout_seconds)) for address in access.brokers]
    mechanisms = _mechanisms(checks, access)
    reports = broker_reports(checks, CONNECTION_STAGES, settings.probe_topic, access.brokers)
    report = _connection_report(target, reports, mechanisms)
    return msgspec.structs.replace(report, offers=mechanisms, reached=reports)


def _connection_report(
    target: ListenerAccess, reports: list[BrokerReport], mechanisms: Sequence[str]
) -> ListenerReport:
    if any(report.failure for report in reports):
        return _report(target, "not reached", judge_brokers(reports).summary)
    offers = ""
    if mechanisms:
        offers = f"; it offers {', '.join(mechanisms)}"
    return _report(target, "reached", f"every broker is reached{offers}, no credentials to log in")


def _mechanisms(checks: Sequence[BrokerCheck], access: Access) -> list[str]:
    """Connects to every broker; the mechanisms that they offer, each once."""
    mechanisms: dict[str, None] = {}
    with ThreadPoolExecutor(_MAX_CONCURRENT_CHECKS, thread_name_prefix="listener") as pool:
        for offered in pool.map(lambda check: _offered_mechanisms(check, access), checks):
            mechanisms.update(dict.fromkeys(offered))
    return list(mechanisms)


def _offered_mechanisms(check: BrokerCheck, access: Access) -> list[str]:
    try:
        with (
            BrokerConnection.open(check.address, access, check.log) as connection,
            check.log.stage(Stage.SASL) as stage,
        ):
            return connection.mechanisms(Stage.SASL, stage)
    except StageError:
        return []  # the stage log has the failure


def _report(
    target: ListenerAccess, status: DiagnoseStatus, summary: str, written: ProducerProbeResponse | None = None
) -> ListenerReport:
    listener = target.listener
    return ListenerReport(
        network=listener.network,
        protocol=listener.protocol,
        ports=listener.ports,
        in_use=target.in_use,
        status=status,
        summary=summary,
        written=ProbeResult(written.verdict, written.brokers) if written else None,
    )
