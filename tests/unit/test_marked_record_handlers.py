"""The probes asked for a marked record: only what the stack allows, and never in place of a scheduled run."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msk_toolkit import __version__
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.probe.marked_record import FollowedRecord, WriteRecord, WrittenRecord, write_record

from tests.fakes.aws_fake import FakeAws
from tests.fakes.kafka_events import ARN

ROOT = Path(__file__).parents[2]
ACCESS = Access(brokers=parse_brokers("b-1:9094"), auth_mode="tls")
WRITE = {"action": "write_record", "topic": "orders", "id": "0a1b2c3d"}
FOLLOW = {"action": "follow_record", "topic": "orders", "partition": 0, "offset": 42}


def handler_of(kind: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = ROOT / "functions" / f"{kind}_probe" / f"{kind}_probe.py"
    spec = importlib.util.spec_from_file_location(f"{kind}_probe_marked", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("CLUSTER_ARN", ARN)
    monkeypatch.setenv("AUTH_MODE", "tls")
    monkeypatch.setattr("msk_toolkit.probe.invocation.cluster_access", lambda *_: ACCESS)
    monkeypatch.setattr(module, "client", FakeAws())

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("the probe ran")

    monkeypatch.setattr("msk_toolkit.probe.invocation.run_probe", never)
    return module


def test_the_producer_probe_writes_only_where_the_stack_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module, asked = handler_of("producer", monkeypatch), []

    def write(access: Access, request: WriteRecord, allowed: tuple[str, ...], **_: Any) -> WrittenRecord:
        asked.append((request.topic, allowed))
        return WrittenRecord(request.topic, 0, 41, 1, request.id)

    monkeypatch.setattr("msk_toolkit.probe.invocation.write_record", write)
    monkeypatch.setenv("TEST_RECORD_TOPICS", "orders,others")
    told = module.handler(WRITE, None)
    assert asked == [("orders", ("orders", "others"))]
    assert (told["offset"], told["id"]) == (41, "0a1b2c3d")


@pytest.mark.parametrize(
    ("allowed", "sentence"), [([], "TestRecords=true"), (["others"], "topics are others")], ids=["none", "others"]
)
def test_a_topic_that_is_not_allowed_is_refused_before_any_broker_is_asked(allowed: list[str], sentence: str) -> None:
    request = WriteRecord(action="write_record", topic="orders", id="0a1b2c3d")
    with pytest.raises(ConfigurationError, match=sentence):
        write_record(ACCESS, request, allowed, deadline=Deadline(0), stage_seconds=1)


def test_the_consumer_probe_follows_in_the_forwarders_group_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    module, groups = handler_of("consumer", monkeypatch), []

    def follow(access: Access, request: Any, group: str, **_: Any) -> FollowedRecord:
        groups.append(group)
        return FollowedRecord(True, group, 43)

    monkeypatch.setattr("msk_toolkit.probe.invocation.follow_record", follow)
    monkeypatch.setenv("FORWARD_TOPICS", "orders")
    monkeypatch.setenv("FORWARD_GROUP_PREFIX", "shop-")
    followed = {"done": True, "group": "shop-orders", "committed": 43, "detail": "", "version": __version__}
    assert module.handler(FOLLOW, None) == followed
    with pytest.raises(ConfigurationError, match="others is not forwarded"):
        module.handler({**FOLLOW, "topic": "others"}, None)
    assert groups == ["shop-orders"]


@pytest.mark.parametrize("kind", ["producer", "consumer"])
@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({"action": "write_records"}, "action: must be one of"),
        ({"action": "write_record", "topic": "a/b"}, "topic"),
        ({"action": "follow_record", "topic": "orders", "partition": -1, "offset": 0}, "partition"),
    ],
)
def test_an_action_that_is_none_is_refused_and_no_probe_runs_in_its_place(
    kind: str, event: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        handler_of(kind, monkeypatch).handler(event, None)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("kind", ["producer", "consumer"])
@pytest.mark.parametrize(
    "event", [{}, None, {"source": "aws.scheduler", "detail": {}}], ids=["empty", "null", "schedule"]
)
def test_every_other_event_is_the_schedules(kind: str, event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="the probe ran"):
        handler_of(kind, monkeypatch).handler(event, None)
