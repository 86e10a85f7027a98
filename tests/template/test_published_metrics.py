"""What CloudWatch bills: the metrics that the functions really publish, with their dimensions."""

import pytest
from msk_toolkit.telemetry.metrics import Metric

from local.cost.emf import Metric as Billed
from local.cost.emf import measured
from tests.fakes.kafka_events import record
from tests.fakes.probe_runs import healthy_broker
from tests.template.functions_that_tell import MISSING, SETTLED, UNFIT, Functions, failing


def published(text: str) -> set[Billed]:
    return {each.metric for each in measured(text.splitlines())}


def names(text: str) -> set[str]:
    return {each.name for each in published(text)}


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Functions:
    return Functions(monkeypatch, capsys)


@pytest.mark.parametrize("brokers", [1, 3, 30])
def test_a_healthy_probe_publishes_one_metric_however_many_brokers_there_are(
    functions: Functions, brokers: int
) -> None:
    reports = [healthy_broker(broker) for broker in range(1, brokers + 1)]
    for kind in ("producer", "consumer"):
        (only,) = published(functions.probe(kind, *reports))
        assert (only.name, only.dimensions) == ("Faults", (("service", f"shop-{kind}-probe"),))


def test_a_fault_adds_its_class_and_nothing_else(functions: Functions) -> None:
    reports = [healthy_broker(1), failing(2, "sasl", "authentication-failed")]
    assert names(functions.probe("producer", *reports)) == {"Faults", "LoginFaults"}
    # A loss has a metric of its own, and an alarm of its own.
    printed = functions.probe("consumer", healthy_broker(1), gaps=2)
    assert {each.metric.name: each.values for each in measured(printed.splitlines())} == {
        "Faults": (0.0,),
        "RecordsLost": (2.0,),
    }


def test_a_settled_check_publishes_one_metric_and_drift_its_kind(functions: Functions) -> None:
    assert names(functions.check(SETTLED)) == {"TopicsDrifted"}
    assert names(functions.check(SETTLED, MISSING)) == {"TopicsDrifted", "TopicsMissing"}


def test_a_check_of_fit_targets_publishes_nothing_and_an_unfit_one_its_number(functions: Functions) -> None:
    assert published(functions.check_targets()) == set()
    (only,) = published(functions.check_targets(UNFIT))
    assert (only.name, only.dimensions) == ("TargetsUnfit", (("service", "shop-connect"),))


def test_a_delivered_batch_publishes_one_metric(functions: Functions) -> None:
    assert names(functions.forward([record(0)])[0]) == {"RecordsReportedBack"}


def test_detailed_metrics_publish_everything_in_every_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    functions = Functions(monkeypatch, capsys, DETAILED_METRICS="true")
    printed = [
        functions.probe("producer"),
        functions.probe("consumer"),
        functions.check(SETTLED),
        functions.check_targets(),
        functions.forward([record(0)])[0],
    ]
    billed = {metric for text in printed for metric in published(text)}
    # A failed stage and eight or nine latencies for each of three brokers.
    assert len([metric for metric in billed if "Broker" in dict(metric.dimensions)]) >= 3 * 9
    # What these five don't come to: heartbeats of the whole path, groups, the redrive, a rollback, real brokers' times.
    absent = {metric.value for metric in Metric} - {metric.name for metric in billed}
    assert absent == {
        *("HeartbeatLatency", "HeartbeatAge", "GroupLag", "GroupLagSeconds", "CommitLatency", "CertificateDays"),
        *("LettersReplayed", "LettersRefusedAgain", "LettersAdopted", "GivenUpUnread", "TopicsNotRestored"),
        # Of a rotation.
        *("SourcesNotRenewed", "RotationSeconds"),
        # Those of a look at the path are published by its own rule, whatever the setting is.
        *("TopicsStopped", "TopicsExpiring"),
    }
