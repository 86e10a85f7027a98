"""A diagnosis as a table: as it was approved."""

import os
from pathlib import Path

import msgspec
from msk_toolkit.diagnose.connectivity import connectivity_options
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.render import render_diagnosis
from msk_toolkit.diagnose.report import (
    DiagnoseResponse,
    ProbeResult,
)
from msk_toolkit.diagnose.run import function_needs
from msk_toolkit.diagnose.summary import summarize
from msk_toolkit.probe.verdict import RUNBOOK, judge_brokers

from tests.fakes.diagnoses import ERROR, report, settings, timed_out
from tests.fakes.networks import BROKERS_SIDE, FUNCTION_SIDE, SCRAM, group, joined_facts, pollers, rule

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "diagnose"


def test_the_table_reads_as_it_was_approved() -> None:
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
    response = DiagnoseResponse(
        status=status,
        summary=summary,
        cluster=None,
        listeners=listed,
        findings=[ERROR],
        network=network,
        mapping=mapping,
        connectivity=connectivity_options(facts, BROKERS_SIDE),
    )
    # The link names the version, which is not what is approved here.
    table = render_diagnosis(response).replace(RUNBOOK, "docs/runbook.md")
    golden = GOLDEN / "closed-over-peering.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(table + "\n", encoding="utf-8")
    assert table + "\n" == golden.read_text(encoding="utf-8")
