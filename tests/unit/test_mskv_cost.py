"""``mskv cost``: what is deployed, times the prices of docs/cost.md."""

import json

import msgspec
import pytest

from local.cost.counts import recorded
from local.cost.model import idle, prices
from mskv import cost_model, exits
from mskv.cost_model import Deployed, month, runs_a_month
from tests.fakes.mskv_world import World, refused, typed
from tests.unit.test_documents import DOCS

PAGE = (DOCS / "cost.md").read_text(encoding="utf-8")
DEFAULT = {"producer": 8640.0, "consumer": 8640.0, "topics": 1440.0, "targets": 1440.0, "status": 8640.0}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    made.parameters |= {
        "ProducerProbeSchedule": "rate(5 minutes)",
        "ConsumerProbeSchedule": "rate(1 minute)",
        "DriftCheckSchedule": "rate(1 hour)",
    }
    service = {"Name": "service", "Value": "shop-ForwarderFunction"}
    made.metrics = [
        {"MetricName": "Faults", "Dimensions": [service]},
        {"MetricName": "GroupLag", "Dimensions": [service, {"Name": "Group", "Value": "shop-orders"}]},
        {"MetricName": "Faults", "Dimensions": [service | {"Value": "other-ForwarderFunction"}]},
    ]
    return made


def test_the_prices_are_those_of_the_model() -> None:
    names = [name for name in msgspec.structs.asdict(prices()) if hasattr(cost_model, name.upper())]
    assert len(names) >= 11
    assert {name: getattr(cost_model, name.upper()) for name in names} == {
        name: getattr(prices(), name) for name in names
    }


def test_the_sum_for_a_default_stack_is_the_documents_idle_monitoring() -> None:
    expected = idle(recorded(), "healthy", 3, 1)
    deployed = Deployed(
        expected.metrics, expected.alarms, expected.composites, DEFAULT, secrets=0, provisioned=False, traced=False
    )
    assert sum(line.usd or 0 for line in month(deployed)) == pytest.approx(expected.usd, abs=0.05)


def test_what_a_million_records_cost_is_what_the_document_says() -> None:
    for number in (cost_model.BATCHED_MILLION, cost_model.SINGLE_MILLION):
        assert f"| {number} |" in PAGE


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [("rate(5 minutes)", 8640), ("rate(1 hour)", 720), ("rate(1 day)", 30), ("cron(0 * * * ? *)", None), ("", None)],
)
def test_a_rate_is_so_many_runs_a_month(schedule: str, runs: int | None) -> None:
    assert runs_a_month(schedule) == runs


def test_the_stacks_own_metrics_and_alarms_are_counted(world: World) -> None:
    world.alarm["Metrics"] = [{"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}, {"Id": "c"}]
    result = typed("cost", "-o", "json")
    parts = {line["part"]: line for line in json.loads(result.stdout)["month"]}
    assert parts["metrics"]["calculation"] == "2 with a value in the last 3 h x 0.30"
    assert parts["alarms"]["calculation"] == "2 x 0.10 + 0 composite x 0.50"
    assert result.exit_code == exits.OK


def test_pollers_and_traces_are_in_the_sum_where_they_are_on(world: World) -> None:
    world.parameters |= {"PollerMode": "provisioned", "Tracing": "Active"}
    text = typed("cost").stdout
    assert "135.05" in text
    assert "X-Ray" in text


def test_metrics_that_can_not_be_counted_are_said_and_left_out(world: World) -> None:
    world.aws.answers["list_metrics"] = refused("AccessDenied")
    assert "could not be counted" in typed("cost").stdout
