"""From the checks of a run to its reports and its verdict."""

from collections.abc import Sequence

from msk_toolkit.kafka.access import Access
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.context import explain
from msk_toolkit.probe.options import ProbeOptions
from msk_toolkit.probe.report import broker_reports
from msk_toolkit.probe.results import BrokerReport, Verdict
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.stage import Stage


def judge_checks(
    checks: Sequence[BrokerCheck], stages: Sequence[Stage], access: Access, options: ProbeOptions
) -> tuple[Verdict, list[BrokerReport]]:
    """The verdict with its explanation, and a report for each broker."""
    reports = broker_reports(checks, stages, options.topic, access.brokers, options.context.expected_brokers())
    return explain(judge_brokers(reports), reports, options.context), reports
