"""A stage is one row: every package and page that has to know a stage is asked about every row."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from aws_lambda_powertools import Logger
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.network.stages import StageLog, StageResult
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.last_run import LastRun, ProbeRun
from msk_toolkit.probe.matrix import render_matrix
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport, broker_reports
from msk_toolkit.probe.telemetry import Publisher
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.stage import PROBE_STAGES, Probe, Stage, stages_of
from msk_toolkit.telemetry.metrics import Metric, Published, latency_of, toolkit_metrics

from tests.fakes.rows import cause_named

ROOT = Path(__file__).parents[2]
# What the metric FailedStage and the log have published for every stage that ever was. Rows are only added.
PUBLISHED_NUMBERS = {
    "dns": 1,
    "tcp": 2,
    "tls": 3,
    "sasl": 4,
    "metadata": 5,
    "acl": 6,
    "produce": 7,
    "fetch": 8,
    "commit": 9,
}


def failing(stage: Stage) -> BrokerReport:
    """A broker that fails at a stage after it has passed the earlier ones."""
    passed = [StageResult(other, "ok", 1.0, 5000.0) for other in PROBE_STAGES if stage.comes_after(other)]
    failure = StageResult(stage, "failed", 2.0, 5000.0, cause_named("broker-error"), "refused", "look it up")
    return BrokerReport(1, "b-1:9096", [*passed, failure])


def run_failing(stage: Stage) -> ProducerProbeResponse:
    """A run in which the only broker fails at a stage."""
    reports = [failing(stage)]
    verdict = judge_brokers(reports)
    return ProducerProbeResponse(verdict, reports, 1, 1, render_probe(verdict, reports, PROBE_STAGES))


def in_the_catalogue(stage: Stage, _: str) -> bool:
    metric = latency_of(stage)
    return metric in Metric and (metric.value, metric.unit.value, metric.published) == (
        stage.metric,
        "Milliseconds",
        Published.DETAILED,
    )


def in_the_published_numbers(stage: Stage, published: str) -> bool:
    lines = [json.loads(line) for line in published.splitlines()]
    values = {name: value for line in lines for name, value in line.items()}
    return bool(values["FailedStage"] == [float(stage.number)] and values[stage.metric] == [2.0])


def in_the_log(stage: Stage, published: str) -> bool:
    lines = [json.loads(line) for line in published.splitlines()]
    (line,) = [line for line in lines if line.get("message") == "broker"]
    return bool(line["failed_stage"] == stage.number and stage in line["milliseconds"])


def in_the_report(stage: Stage, _: str) -> bool:
    log = StageLog(Deadline(5), 5)
    with pytest.raises(StageError), log.stage(Stage.DNS):
        raise StageError(Stage.DNS, cause_named("name-not-found"), "b:1", "no address")
    address = BrokerAddress("b", 1)
    reports = [broker_reports([BrokerCheck(address, log)], stages_of(probe), "t", [address]) for probe in stage.probes]
    return all([result.stage for result in report.stages].count(stage) == 1 for (report,) in reports)


def in_the_verdict(stage: Stage, _: str) -> bool:
    verdict = judge_brokers([failing(stage), failing(PROBE_STAGES[-1])])
    return (verdict.stage, f"at {stage}" in verdict.summary) == (stage, True)


def in_the_matrix(stage: Stage, _: str) -> bool:
    response = run_failing(stage)
    page = render_matrix([LastRun("Probe", ProbeRun(response.verdict, response.brokers))], stale_after_seconds=60)
    return f'<th scope="col">{stage}</th>' in page


def in_the_table(stage: Stage, _: str) -> bool:
    table = run_failing(stage).table.splitlines()
    return any(line.startswith("broker") and stage in line.split() for line in table)


def in_the_stored_run(stage: Stage, _: str) -> bool:
    response = run_failing(stage)
    line = msgspec.json.encode(ProbeRun(response.verdict, response.brokers))
    return msgspec.json.decode(line, type=ProbeRun).verdict.stage is stage


def in_the_page_on_monitoring(stage: Stage, _: str) -> bool:
    page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    return f"{stage.number} {stage}" in listed_after("`failed_stage` (", page)


def in_the_dashboard(stage: Stage, _: str) -> bool:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    return f"{stage.number} {stage}" in listed_after("failed stage (", template)


def listed_after(beginning: str, text: str) -> list[str]:
    """The numbers in brackets, such as "0 none" and "1 dns"."""
    return text.partition(beginning)[2].partition(")")[0].split(", ")


def in_the_schemas(stage: Stage, _: str) -> bool:
    pages = [ROOT / f"docs/schemas/{probe}_probe.response.schema.json" for probe in Probe]
    return all(stage in json.loads(page.read_text(encoding="utf-8"))["$defs"]["Stage"]["enum"] for page in pages)


ROOMS: dict[str, Callable[[Stage, str], bool]] = {
    "telemetry/metrics.py": in_the_catalogue,
    "probe/telemetry.py, the metrics": in_the_published_numbers,
    "probe/telemetry.py, the log": in_the_log,
    "probe/report.py": in_the_report,
    "probe/verdict.py": in_the_verdict,
    "probe/matrix.py": in_the_matrix,
    "probe/render.py": in_the_table,
    "probe/last_run.py": in_the_stored_run,
    "docs/monitoring.md": in_the_page_on_monitoring,
    "template.yaml, the dashboard": in_the_dashboard,
    "docs/schemas (make docs)": in_the_schemas,
}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("stage", PROBE_STAGES)
def test_a_stage_is_known_wherever_stages_are_shown(
    stage: Stage, room: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    Publisher(toolkit_metrics("probe"), Logger("probe"), "probe").producer(run_failing(stage), detailed=True)
    lines = [json.dumps({"message": line.getMessage(), **line.__dict__}, default=str) for line in caplog.records]
    published = "\n".join([*capsys.readouterr().out.splitlines(), *lines])
    assert ROOMS[room](stage, published), f"{room} does not know the stage {stage}"


def test_no_published_number_ever_moves() -> None:
    numbers = {str(stage): stage.number for stage in PROBE_STAGES}
    assert {name: numbers.get(name) for name in PUBLISHED_NUMBERS} == PUBLISHED_NUMBERS
    assert len(set(numbers.values())) == len(numbers), "two stages have one number"
    assert 0 not in numbers.values(), "0 is published where no stage failed"
    assert len({stage.metric for stage in PROBE_STAGES}) == len(PROBE_STAGES), "two stages have one metric"


def test_each_probe_runs_its_stages_in_their_order() -> None:
    written = [stage for stage in stages_of(Probe.PRODUCER) if stage in PUBLISHED_NUMBERS]
    read = [stage for stage in stages_of(Probe.CONSUMER) if stage in PUBLISHED_NUMBERS]
    assert written == ["dns", "tcp", "tls", "sasl", "metadata", "acl", "produce", "fetch"]
    assert read == ["dns", "tcp", "tls", "sasl", "metadata", "acl", "fetch", "commit"]
    assert all(later.comes_after(earlier) for earlier, later in pairwise(PROBE_STAGES))
