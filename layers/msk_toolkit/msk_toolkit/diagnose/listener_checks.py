"""Probe one listener as far as its credentials lead."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.listeners import Offered
from msk_toolkit.diagnose.report import DiagnoseStatus, ListenerReport, ProbeResult
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.msk.cluster import ClusterState
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe import consumer, producer
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.context import in_context
from msk_toolkit.probe.heartbeat import Writer
from msk_toolkit.probe.report import BrokerReport, Verdict, broker_reports
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.stage import CONNECTION_STAGES, Stage

_AT_ONCE = 32
# The heartbeats are the probes' own; a look at some of them is enough.
_MAX_RECORDS = 100
_RANK: dict[DiagnoseStatus, int] = {"healthy": 0, "degraded": 1, "down": 2}


def check_listener(
    offered: Offered,
    settings: DiagnoseSettings,
    deadline: Deadline,
    state: ClusterState | None,
    secret_findings: Sequence[str],
) -> ListenerReport:
    """Both probes where there are credentials; dns, tcp, tls and what the listener offers where there are none."""
    try:
        if offered.access is None:
            return _without_credentials(offered, settings, deadline)
        return _with_credentials(offered, offered.access, settings, deadline, state, secret_findings)
    except ConfigurationError as error:
        # TRUSTED_CA, which plaintext does without.
        return _report(offered, "down", str(error))


def _with_credentials(
    offered: Offered,
    access: Access,
    settings: DiagnoseSettings,
    deadline: Deadline,
    state: ClusterState | None,
    secret_findings: Sequence[str],
) -> ListenerReport:
    written = producer.run_producer_probe(
        access,
        settings.probe_topic,
        # Half of the time at most: the consumer probe must have some left.
        deadline=deadline.at_most(deadline.remaining() / 2),
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        expected_brokers=lambda: state.brokers if state else None,
        # A diagnosis is a writer of its own: its numbers have no past.
        writer=Writer(),
    )
    if written.verdict.cause == Cause.CLIENT_CERTIFICATE_WANTED:
        return _report(offered, "reached", "the listener demands a certificate of the client (mutual TLS)", written)
    read = consumer.run_consumer_probe(
        access,
        settings.probe_topic,
        f"{settings.consumer_group}-{offered.listener.network}-{offered.listener.protocol}",
        _MAX_RECORDS,
        deadline=deadline,
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        expected_brokers=lambda: state.brokers if state else None,
    )
    results = [
        ProbeResult(_explained(answer.verdict, answer.brokers, state, secret_findings), answer.brokers)
        for answer in (written, read)
    ]
    worst = max(results, key=lambda result: _RANK[result.verdict.status])
    report = _report(offered, worst.verdict.status, worst.verdict.summary)
    return msgspec.structs.replace(report, written=results[0], read=results[1])


def _explained(
    verdict: Verdict, reports: Sequence[BrokerReport], state: ClusterState | None, secret_findings: Sequence[str]
) -> Verdict:
    if verdict.status == "healthy":
        return verdict
    findings = list(secret_findings) if verdict.cause == Cause.AUTHENTICATION_FAILED else []
    return in_context(verdict, reports, state, findings)


def _without_credentials(offered: Offered, settings: DiagnoseSettings, deadline: Deadline) -> ListenerReport:
    access = msgspec.structs.replace(offered.bare, trusted_ca=settings.trusted_ca)
    checks = [BrokerCheck(address, StageLog(deadline, settings.stage_timeout_seconds)) for address in access.brokers]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reach") as pool:
        found = list(pool.map(lambda check: _ask_for_logins(check, access), checks))
    logins = list(dict.fromkeys(login for one in found for login in one))
    reports = broker_reports(checks, CONNECTION_STAGES, settings.probe_topic, access.brokers)
    failed = any(report.failure for report in reports)
    offers = f"; it offers {', '.join(logins)}" if logins else ""
    summary = judge_brokers(reports).summary if failed else f"every broker is reached{offers}, no credentials to log in"
    report = _report(offered, "not reached" if failed else "reached", summary)
    return msgspec.structs.replace(report, offers=logins, reached=reports)


def _ask_for_logins(check: BrokerCheck, access: Access) -> list[str]:
    try:
        with (
            BrokerConnection.open(check.address, access, check.log) as connection,
            check.log.stage(Stage.SASL) as stage,
        ):
            return connection.mechanisms(Stage.SASL, stage)
    except StageError:
        return []  # the log has it


def _report(
    offered: Offered, status: DiagnoseStatus, summary: str, written: producer.ProducerProbeResponse | None = None
) -> ListenerReport:
    listener = offered.listener
    return ListenerReport(
        network=listener.network,
        protocol=listener.protocol,
        ports=listener.ports,
        in_use=offered.in_use,
        status=status,
        summary=summary,
        written=ProbeResult(written.verdict, written.brokers) if written else None,
    )
