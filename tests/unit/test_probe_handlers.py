"""The probes' handlers: what they hand to a probe, whoever asks and whatever MSK says."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.options import ProbeOptions
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.results import Verdict

from tests.fakes.aws_fake import FakeAws, refused
from tests.fakes.kafka_events import ARN

ROOT = Path(__file__).parents[2]
FINE = Verdict("healthy", "all is well")
RESPONSES = {
    "producer": ProducerProbeResponse(FINE, [], 3, 3, ""),
    "consumer": ConsumerProbeResponse(FINE, [], 0, None, {}, 0, 0, [], 0, [], ""),
}
COUNTED = {"ClusterInfo": {"State": "ACTIVE", "Provisioned": {"NumberOfBrokerNodes": 3}}}


@pytest.fixture(params=RESPONSES)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def given(kind: str) -> dict[str, Any]:
    """What the probe was called with."""
    return {}


@pytest.fixture
def function(kind: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module, with a probe that reaches no broker."""
    path = ROOT / "functions" / f"{kind}_probe" / f"{kind}_probe.py"
    spec = importlib.util.spec_from_file_location(f"{kind}_probe_function", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("CLUSTER_ARN", ARN)
    monkeypatch.setenv("AUTH_MODE", "tls")
    monkeypatch.setenv("CERTIFICATE_WARN_DAYS", "21")
    access = Access(brokers=parse_brokers("b-1:9094"), auth_mode="tls")
    monkeypatch.setattr("msk_toolkit.probe.invocation.cluster_access", lambda *_: access)
    monkeypatch.setattr(module, "client", FakeAws(describe_cluster_v2=COUNTED))

    def probe(_: Access, options: ProbeOptions) -> Any:
        given.update(warn_days=options.warn_days, expected_brokers=options.context.expected_brokers())
        return RESPONSES[kind]

    monkeypatch.setattr("msk_toolkit.probe.invocation.run_probe", probe)
    return module


def test_a_probe_is_told_how_many_brokers_msk_counts(function: ModuleType, given: dict[str, Any]) -> None:
    assert function.handler({}, None)["verdict"]["status"] == "healthy"
    assert given["expected_brokers"] == 3
    assert given["warn_days"] == 21


def test_without_the_permission_to_ask_msk_a_probe_does_without(
    function: ModuleType, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, "client", FakeAws(describe_cluster_v2=refused("AccessDeniedException")))
    assert function.handler({}, None)["verdict"]["status"] == "healthy"
    assert given["expected_brokers"] is None


def test_a_probe_knows_nothing_of_dashboards(function: ModuleType) -> None:
    assert function.handler({"widgetContext": {}, "describe": True}, None) == function.handler({}, None)
