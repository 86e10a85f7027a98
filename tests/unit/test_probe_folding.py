"""The verdict over sixty brokers as people read it: in the probe's table, the matrix and the state of the path."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from msk_toolkit.probe.folding import MOST_ROWS, rows
from msk_toolkit.probe.last_run import LastRun
from msk_toolkit.probe.matrix import render_matrix
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.probe.verdict import RUNBOOK, judge_brokers
from msk_toolkit.stage import PRODUCER_STAGES, Stage
from msk_toolkit.status.brokers import broker_problems

from mskv.path_answer import PathBroker
from mskv.path_text import _broker_rows
from tests.fakes.path_facts import healthy_facts
from tests.fakes.probe_runs import healthy_broker, run_of, stopped_broker, warning_broker

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "probe"
BROKERS = range(1, 61)
# One of three zones: MSK deals its brokers out in turn.
ZONE = BROKERS[1::3]


def _expiring(broker: int) -> BrokerReport:
    days = 3.0 + broker % 7
    report = msgspec.structs.replace(warning_broker(broker), certificate_days=days)
    stages = [
        msgspec.structs.replace(result, detail=f"the certificate expires in {days:g} days")
        if result.stage is Stage.TLS
        else result
        for result in report.stages
    ]
    return msgspec.structs.replace(report, stages=stages)


def _timed(report: BrokerReport) -> BrokerReport:
    """Brokers that take a time of their own for the write."""
    stages = [
        msgspec.structs.replace(result, milliseconds=float(report.broker or 0))
        if result.stage is Stage.PRODUCE and result.status == "ok"
        else result
        for result in report.stages
    ]
    return msgspec.structs.replace(report, stages=stages)


def _one_down(broker: int) -> BrokerReport:
    return stopped_broker(broker) if broker == 7 else _timed(healthy_broker(broker))


def _zone_down(broker: int) -> BrokerReport:
    return stopped_broker(broker) if broker in ZONE else _timed(healthy_broker(broker))


CASES: dict[str, Callable[[int], BrokerReport]] = {
    "healthy": healthy_broker,
    "one-down": _one_down,
    "zone-down": _zone_down,
    "all-down": stopped_broker,
    "certificates": _expiring,
}


def reports_of(case: str) -> Sequence[BrokerReport]:
    return [CASES[case](broker) for broker in BROKERS]


@pytest.mark.parametrize("case", CASES)
def test_the_table_of_sixty_brokers_reads_as_its_golden_file(case: str) -> None:
    reports = reports_of(case)
    text = render_probe(judge_brokers(reports), reports, PRODUCER_STAGES).replace(RUNBOOK, "docs/runbook.md") + "\n"
    golden = GOLDEN / f"{case}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_ROWS
    assert max(map(len, text.splitlines())) < 250


@pytest.mark.parametrize("case", CASES)
def test_the_matrix_of_sixty_brokers_has_few_rows(case: str) -> None:
    html = render_matrix([LastRun("Producer probe", run_of(*reports_of(case)), 40.0)], stale_after_seconds=1800.0)
    assert html.count("<tbody>") <= 2
    heads = re.findall(r'<th scope="rowgroup"[^>]*>([^<]*)</th>', html)
    assert (
        heads
        == {
            "healthy": ["60 brokers healthy"],
            "one-down": ["broker 7 (b-7…:9096)", "59 brokers healthy"],
            "zone-down": [f"20 brokers ({', '.join(map(str, ZONE))}) fail", "40 brokers healthy"],
            "all-down": ["60 brokers (1-60) fail"],
            "certificates": ["60 brokers (1-60) warn"],
        }[case]
    )
    assert ("≤ 60 ms" in html) == (case in ("one-down", "zone-down"))


def test_of_different_details_the_certificate_that_ends_first_is_shown() -> None:
    (row,) = rows(reports_of("certificates"))
    assert [result.detail for result in row.results if result.stage is Stage.TLS] == [
        "the certificate expires in 3 days (broker 7; similar at the others)"
    ]


def test_nine_brokers_have_a_row_each() -> None:
    reports = reports_of("healthy")[:MOST_ROWS]
    assert [row.first for row in rows(reports)] == reports


def test_two_that_are_alike_keep_their_rows_and_addresses() -> None:
    reports = [stopped_broker(broker) if broker in (4, 9) else healthy_broker(broker) for broker in BROKERS]
    assert [len(row.reports) for row in rows(reports)] == [1, 1, 58]


def test_an_address_that_is_another_name_is_never_a_healthy_broker() -> None:
    alias = msgspec.structs.replace(healthy_broker(1), known_from="alias", broker=None)
    shown = rows([alias, alias, alias, *reports_of("healthy")])
    assert [row.name for row in shown] == [alias.name] * 3 + ["60 brokers healthy"]


def test_the_state_of_the_path_has_few_lines_for_sixty_brokers() -> None:
    failing = [PathBroker(f"broker {number}", "tcp", "the connection was refused") for number in ZONE]
    passing = [PathBroker(f"broker {number}") for number in BROKERS if number not in ZONE]
    assert _broker_rows([*passing, *failing, PathBroker("broker 61", "tls", "it has expired")]) == [
        "  broker 2 and 19 more: tcp the connection was refused",
        "  broker 61: tls it has expired",
        "  40 brokers pass",
    ]
    assert _broker_rows(passing[:2]) == ["  broker 1: passes", "  broker 3: passes"]


def test_certificates_of_many_brokers_are_one_problem_of_the_path() -> None:
    probes = [LastRun(f"{kind} probe", run_of(*reports_of("certificates")), 40.0) for kind in ("Producer", "Consumer")]
    (problem,) = broker_problems(msgspec.structs.replace(healthy_facts(), probes=probes))
    assert problem.sentence == "The certificates of 60 brokers (1-60) expire soon."
    assert problem.detail == "the certificate expires in 3 days (broker 7; similar at the others)"
    assert problem.broker == "7"
