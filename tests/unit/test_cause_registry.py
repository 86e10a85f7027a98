"""A cause is one row: every package and page that has to know a cause is asked about every row."""

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msk_toolkit.causes import Cause, fault_class, remedy
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.last_run import LastRun, ProbeRun
from msk_toolkit.probe.matrix import render_matrix
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport
from msk_toolkit.probe.telemetry import fault_counts
from msk_toolkit.probe.verdict import RUNBOOK, judge_brokers
from msk_toolkit.stage import PROBE_STAGES, FaultClass, Probe, Stage
from msk_toolkit.telemetry.metrics import Metric

from docs.runbook import CONFIRM

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers/msk_toolkit/msk_toolkit"
METRIC_OF_CLASS = {
    FaultClass.NETWORK: Metric.NETWORK_FAULTS,
    FaultClass.TLS: Metric.TLS_FAULTS,
    FaultClass.LOGIN: Metric.LOGIN_FAULTS,
    FaultClass.PERMISSION: Metric.PERMISSION_FAULTS,
    FaultClass.BROKER: Metric.BROKER_FAULTS,
    FaultClass.LOSS: Metric.RECORDS_LOST,
}


def failing(cause: Cause, stage: Stage = Stage.METADATA) -> BrokerReport:
    result = StageResult(stage, "failed", 2.0, 5000.0, cause, f"said {cause}", remedy(cause, stage))
    return BrokerReport(1, str(BrokerAddress("b-1", 9096)), [result])


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def in_its_row(cause: Cause) -> bool:
    return (
        cause.meaning.endswith(".") and cause.remedy.endswith((".", ")", "(enableDnsSupport).")) and bool(cause.owner)
    )


def in_the_verdict(cause: Cause) -> bool:
    verdict = judge_brokers([failing(cause), BrokerReport(2, "b-2:9096", [])])
    return (verdict.cause, verdict.remedy, verdict.runbook) == (cause, cause.remedy, f"{RUNBOOK}#{cause}")


def in_the_metrics(cause: Cause) -> bool:
    reports = [failing(cause)]
    counts = {metric for metric, count in fault_counts(judge_brokers(reports), reports).items() if count}
    return counts == {METRIC_OF_CLASS[fault_class(Stage.METADATA, cause)]}


def in_the_matrix(cause: Cause) -> bool:
    reports = [failing(cause)]
    shown = render_matrix([LastRun("Probe", ProbeRun(judge_brokers(reports), reports))], stale_after_seconds=60)
    return f"FAILS: {cause} - " in shown


def in_the_table(cause: Cause) -> bool:
    reports = [failing(cause)]
    return f"-> {cause.remedy}" in render_probe(judge_brokers(reports), reports, PROBE_STAGES)


def in_the_commands_that_confirm(cause: Cause) -> bool:
    return bool(CONFIRM.get(cause))


def in_the_runbook(cause: Cause) -> bool:
    heading = f"## {cause}\n\n**Meaning:** {cause.meaning} **Owner:** {cause.owner}.\n"
    return heading in page("docs/runbook.md") and f"**Fix:** {cause.remedy}\n" in page("docs/runbook.md")


def in_the_runbooks_table(cause: Cause) -> bool:
    return f"| [{cause}](#{cause}) | {cause.meaning} |" in page("docs/runbook.md")


def in_the_schemas(cause: Cause) -> bool:
    schemas = [page(f"docs/schemas/{probe}_probe.response.schema.json") for probe in Probe]
    return all(cause in json.loads(schema)["$defs"]["Cause"]["enum"] for schema in schemas)


ROOMS: dict[str, Callable[[Cause], bool]] = {
    "causes.py": in_its_row,
    "probe/verdict.py": in_the_verdict,
    "probe/telemetry.py": in_the_metrics,
    "probe/matrix.py": in_the_matrix,
    "probe/render.py": in_the_table,
    "docs/runbook.py": in_the_commands_that_confirm,
    "docs/runbook.md (make docs)": in_the_runbook,
    "the table of docs/runbook.md (make docs)": in_the_runbooks_table,
    "docs/schemas (make docs)": in_the_schemas,
}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("cause", Cause)
def test_a_cause_is_known_wherever_causes_are_shown(cause: Cause, room: str) -> None:
    assert ROOMS[room](cause), f"{room} does not know the cause {cause}"


@pytest.mark.parametrize("kind", FaultClass)
def test_every_class_of_fault_has_its_metric(kind: FaultClass) -> None:
    assert METRIC_OF_CLASS[kind] in fault_counts(judge_brokers([]), [])


@pytest.mark.parametrize(
    ("stage", "cause", "kind"),
    [
        (Stage.TCP, Cause.CONNECTION_CLOSED, FaultClass.NETWORK),
        (Stage.TLS, Cause.CONNECTION_CLOSED, FaultClass.TLS),
        (Stage.SASL, Cause.REQUEST_TIMEOUT, FaultClass.LOGIN),
        (Stage.METADATA, Cause.REQUEST_TIMEOUT, FaultClass.BROKER),
        (Stage.METADATA, Cause.TLS_EXPECTED, FaultClass.TLS),
        (Stage.FETCH, Cause.WRONG_BROKER, FaultClass.NETWORK),
        (Stage.COMMIT, Cause.GROUP_DENIED, FaultClass.PERMISSION),
        (Stage.FETCH, Cause.HEARTBEAT_MISSING, FaultClass.LOSS),
        (Stage.PRODUCE, None, FaultClass.BROKER),
    ],
)
def test_a_cause_counts_by_its_own_class_and_otherwise_by_its_stage(
    stage: Stage, cause: Cause | None, kind: FaultClass
) -> None:
    assert fault_class(stage, cause) is kind


# Vantiq's causes are a list of their own; a record that was read back has an outcome of the same name as a cause.
OWN_NAMES = {"vantiq/client.py", "vantiq/connection.py", "probe/results.py", "probe/write_through.py"}


@pytest.mark.parametrize(
    "module",
    sorted(path for path in LAYER.rglob("*.py") if str(path.relative_to(LAYER)) not in OWN_NAMES),
    ids=lambda path: path.stem,
)
def test_no_module_writes_a_cause_as_a_bare_text(module: Path) -> None:
    names = {str(cause) for cause in Cause}
    constants = [node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    bare = [f"{module.name}:{node.lineno}: {node.value}" for node in constants if node.value in names]
    assert module.name == "causes.py" or not bare, f"write Cause.NAME, which mypy checks: {bare}"
