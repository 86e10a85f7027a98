"""A diagnosis as a table: as it was approved."""

import os
from pathlib import Path

import msgspec
import pytest
from msk_toolkit.diagnose.connectivity import connectivity_options
from msk_toolkit.diagnose.finding import NetworkFinding
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.render import render_diagnosis
from msk_toolkit.diagnose.report import (
    DiagnoseResponse,
    ProbeResult,
)
from msk_toolkit.diagnose.run import function_needs
from msk_toolkit.diagnose.summary import summarize
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.probe.verdict import RUNBOOK, judge_brokers
from msk_toolkit.stage import Stage

from tests.fakes.diagnoses import ERROR, report, settings, timed_out
from tests.fakes.networks import BROKERS_SIDE, FUNCTION_SIDE, SCRAM, group, joined_facts, pollers, rule

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "diagnose"


def closed_over_peering() -> DiagnoseResponse:
    """Brokers in another VPC whose group lets nobody in; a secret that is wrong; no mapping."""
    brokers = [timed_out(1), timed_out(2)]
    failed = judge_brokers(brokers)
    scram = msgspec.structs.replace(
        report("down", summary=failed.summary), written=ProbeResult(failed, brokers), read=ProbeResult(failed, brokers)
    )
    iam = report(
        "reached",
        protocol="iam",
        ports=[9098],
        in_use=False,
        summary="every broker is reached; it offers AWS_MSK_IAM, no credentials to log in",
        offers=["AWS_MSK_IAM"],
    )
    groups = {
        **(joined_facts("peering", "pcx-1").groups or {}),
        "sg-b": group("sg-b", rule("sgr-1", "sg-b", 9092, 9094, "10.0.0.0/16"), vpc="vpc-2"),
    }
    facts = joined_facts("peering", "pcx-1", groups=groups)
    asked = [SCRAM, BrokerPort(2181, "zookeeper", False)]
    network = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, asked, function_needs(settings()))
    mapping = mapping_findings(facts, BROKERS_SIDE, pollers(), MappingFacts(states=[]))
    listed = [scram, iam]
    status, summary = summarize(listed, [ERROR], network, mapping)
    return DiagnoseResponse(
        status=status,
        summary=summary,
        cluster=None,
        listeners=listed,
        findings=[ERROR],
        network=network,
        mapping=mapping,
        connectivity=connectivity_options(facts, BROKERS_SIDE),
    )


@pytest.mark.parametrize(("name", "verbose"), [("closed-over-peering", False), ("closed-over-peering-verbose", True)])
def test_the_table_reads_as_it_was_approved(name: str, verbose: bool) -> None:
    # The link names the version, which is not what is approved here.
    table = render_diagnosis(closed_over_peering(), verbose=verbose).replace(RUNBOOK, "docs/runbook.md")
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(table + "\n", encoding="utf-8")
    assert table + "\n" == golden.read_text(encoding="utf-8")


def test_the_example_in_the_documents_is_the_approved_table() -> None:
    page = (ROOT / "docs" / "diagnose.md").read_text(encoding="utf-8")
    assert (GOLDEN / "closed-over-peering.txt").read_text(encoding="utf-8") in page


def healthy(*notes: NetworkFinding) -> DiagnoseResponse:
    status, summary = summarize([report("healthy", summary="all 3 brokers pass every stage")], [], notes, [])
    return DiagnoseResponse(
        status=status,
        summary=summary,
        cluster=None,
        listeners=[report("healthy"), report("down", in_use=False, protocol="tls")],
        findings=[],
        network=list(notes),
        mapping=[],
        connectivity=[],
    )


def test_a_healthy_system_is_one_line() -> None:
    line = (
        "HEALTHY: the listener in use (vpc scram) works: all 3 brokers pass every stage; no errors in the AWS "
        "configuration"
    )
    assert render_diagnosis(healthy()) == line
    note = NetworkFinding(severity="note", code="dns-off", source="a", target="b", text="t", remedy="r")
    assert render_diagnosis(healthy(note)) == f"{line}; 1 note with `mskv why -o wide`"
    assert "note dns-off: t" in render_diagnosis(healthy(note), verbose=True)


def test_of_the_brokers_only_those_that_fail_are_shown() -> None:
    works = BrokerReport(1, "b-1.demo:9096", [StageResult(Stage.TCP, "ok", 1.0)])
    brokers = [works, timed_out(2)]
    judged = judge_brokers(brokers)
    listener = msgspec.structs.replace(report("degraded", summary=judged.summary), written=ProbeResult(judged, brokers))
    response = msgspec.structs.replace(healthy(), status="degraded", listeners=[listener])
    assert "b-2.demo" in render_diagnosis(response)
    assert "b-1.demo" not in render_diagnosis(response)
    assert "b-1.demo" in render_diagnosis(response, verbose=True)
