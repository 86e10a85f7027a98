"""The functions' own handlers, with what they would have seen given by a test; each run answers what was printed."""

import contextlib
import importlib.util
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.causes import Cause
from msk_toolkit.connect.check import CheckedTarget, CheckResponse
from msk_toolkit.forward.batch_response import DeliveryIncompleteError
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.network.stages import StageResult, StageStatus
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.stage import Stage
from msk_toolkit.status.facts import PathFacts
from msk_toolkit.target_kinds import Fitness
from msk_toolkit.topics.plan import Plan, TopicStep
from msk_toolkit.topics.request import TopicsResponse

from tests.fakes.aws_fake import FakeAws
from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.kafka_events import ARN, event
from tests.fakes.probe_runs import WRITTEN, healthy_broker
from tests.fakes.rows import cause_named, stage_named
from tests.fakes.vantiq_fake import FakeVantiq, Fault

ROOT = Path(__file__).parents[2]
SETTLED = TopicStep("unchanged", "orders", 3, 3, partitions_before=3, replication_factor_before=3)
MISSING = TopicStep("create", "orders", 3, 3)
FIT = CheckedTarget("topic:/orders", Fitness.FIT)
UNFIT = CheckedTarget("topic:/orders", Fitness.UNFIT, "there is no such topic", "create it")
UNKNOWN = CheckedTarget("topic:/orders", Fitness.UNKNOWN, "Vantiq does not answer")
_ENVIRONMENT = {
    "CLUSTER_ARN": ARN,
    "AUTH_MODE": "tls",
    "VANTIQ_URL": "https://v",
    "VANTIQ_TOKEN_SECRET_ARN": "s",
    "VANTIQ_TARGET": "topic:/orders",
    "MAX_ATTEMPTS": "1",
    "STACK_NAME": "shop",
}


class Context:
    """Lambda's context, with half a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds."""
        return 30_000


def failing(broker: int, stage: str, cause: str) -> BrokerReport:
    """A broker of which a stage fails."""
    return _broker(broker, stage_named(stage), "failed", cause_named(cause))


def warning(broker: int, stage: str, cause: str) -> BrokerReport:
    """A broker of which a stage warns."""
    return _broker(broker, stage_named(stage), "warn", cause_named(cause))


def _broker(broker: int, stage: Stage, status: StageStatus, cause: Cause) -> BrokerReport:
    result = StageResult(stage, status, 1.0, 5000, cause, "said", cause.remedy)
    return BrokerReport(broker, f"b-{broker}:9094", [result])


class Functions:
    """The handlers of the stack ``shop``, loaded as Lambda would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **environment: str) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name, value in {**_ENVIRONMENT, **environment}.items():
            monkeypatch.setenv(name, value)
        names = ("producer_probe", "consumer_probe", "forwarder", "topics", "connect", "status")
        self._modules = {name: self._load(name) for name in names}
        _write_to_stdout()
        # With a name the forwarder would look at its mapping.
        monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")

    def module(self, name: str) -> ModuleType:
        """A function's module."""
        return self._modules[name]

    def probe(self, kind: str, *reports: BrokerReport, gaps: int = 0) -> str:
        """A run of a probe that saw these brokers; three healthy ones where none is given."""
        seen = list(reports) or [healthy_broker(broker, WRITTEN) for broker in (1, 2, 3)]
        judged = judge_brokers(seen)
        if kind == "producer":
            response: Any = ProducerProbeResponse(judged, seen, len(seen), len(seen), "")
        else:
            response = ConsumerProbeResponse(judged, seen, 0, None, {}, 0, gaps, [], 0, [], "")
        module = self._modules[f"{kind}_probe"]
        access = Access(brokers=parse_brokers("b-1:9094"), auth_mode="tls")
        self._monkeypatch.setattr("msk_toolkit.probe.invocation.cluster_access", lambda *_: access)
        self._monkeypatch.setattr(module, "client", FakeAws())
        self._monkeypatch.setattr("msk_toolkit.probe.invocation.run_probe", lambda *_: response)
        module.handler({}, Context())
        return self._printed()

    def check(self, *steps: TopicStep) -> str:
        """A drift check that came to these steps."""
        response = TopicsResponse("check", "checked", "table", Plan(list(steps), 0))
        self._monkeypatch.setattr("msk_toolkit.topics.events.run_topics", lambda *_: response)
        self._modules["topics"].handler({"action": "check"}, Context())
        return self._printed()

    def check_targets(self, *targets: CheckedTarget) -> str:
        """A check of the forwarder's targets that came to these; a fit one where none is given."""
        response = CheckResponse(targets=list(targets or [FIT]), table="table", problems=[])
        self._monkeypatch.setattr("msk_toolkit.connect.events.check_targets", lambda *_: response)
        self._modules["connect"].handler({"action": "check"}, Context())
        return self._printed()

    def look(self, facts: PathFacts) -> str:
        """A scheduled look at the path that read these facts."""
        self._monkeypatch.setattr("msk_toolkit.status.event.read_path", lambda *_: facts)
        self._modules["status"].handler({"action": "watch"}, Context())
        return self._printed()

    def forward(self, records: list[dict[str, Any]], *faults: Fault) -> tuple[str, bool]:
        """An invocation with a Vantiq that fails like this; answers what was printed, and whether it raised."""
        forwarder = self._modules["forwarder"]

        def warm(settings: ForwarderSettings, _: MakeClient) -> Forwarder:
            return Forwarder(settings, DeliveryServices(FakeVantiq(*faults), FakeDeadLetters()))

        self._monkeypatch.setattr(forwarder, "warm_forwarder", warm)
        failed = True
        with contextlib.suppress(DeliveryIncompleteError):
            forwarder.handler(event(records), Context())
            failed = False
        return self._printed(), failed

    def _printed(self) -> str:
        return self._capsys.readouterr().out

    def _load(self, name: str) -> ModuleType:
        self._monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", f"shop-{name.replace('_', '-')}")
        path = ROOT / "functions" / name / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"told_{name}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


class _Stdout:
    """Whatever is the standard output at that time: loggers outlive a test, and keep their stream."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def _write_to_stdout() -> None:
    for name in list(logging.root.manager.loggerDict):
        for handler in logging.getLogger(name).handlers if name.startswith("shop-") else ():
            if isinstance(handler, logging.StreamHandler):
                # Not by setStream, which flushes the former stream: that of a test that has ended is closed.
                handler.stream = _Stdout()
