"""The function itself, from the event to the answer, with its log and metrics."""

import contextlib
import importlib.util
import json
import subprocess
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.forward import forwarder as forwarding
from msk_toolkit.forward.batch_response import DeliveryIncompleteError
from msk_toolkit.forward.decode import MalformedEventError
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.mapping_check import MappingCheck
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings

from tests.fakes.aws_fake import FakeAws
from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_fake import FakeVantiq, at_offset, refusal

ROOT = Path(__file__).parents[2]


class Context:
    function_name = "forwarder"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def vantiq(monkeypatch: pytest.MonkeyPatch) -> FakeVantiq:
    monkeypatch.setenv("VANTIQ_URL", "https://v")
    monkeypatch.setenv("VANTIQ_TOKEN_SECRET_ARN", "s")
    monkeypatch.setenv("VANTIQ_TARGET", "topic:/orders")
    monkeypatch.setenv("MAX_ATTEMPTS", "1")
    return FakeVantiq()


@pytest.fixture
def function(vantiq: FakeVantiq, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = ROOT / "functions" / "forwarder" / "forwarder.py"
    spec = importlib.util.spec_from_file_location("forwarder_function", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def warm(settings: ForwarderSettings, make_client: MakeClient) -> Forwarder:
        return Forwarder(
            settings, DeliveryServices(vantiq, None if settings.on_refusal == "block" else FakeDeadLetters())
        )

    monkeypatch.setattr(module, "warm_forwarder", warm)
    return module


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_a_batch_is_delivered_logged_and_in_detail_measured(
    function: ModuleType, vantiq: FakeVantiq, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETAILED_METRICS", "true")
    sample = json.loads((ROOT / "events" / "forwarder.json").read_text())
    assert function.handler(sample, Context()) == {"batchItemFailures": []}
    assert len(vantiq.taken) == 6
    said = lines(capsys.readouterr().out)
    (metrics,) = [line for line in said if "_aws" in line]
    assert metrics["RecordsReceived"] == [6.0]
    assert metrics["RecordsDelivered"] == [6.0]
    assert metrics["VantiqOutage"] == [0.0]
    assert metrics["LagAtArrival"][0] > 0
    assert len(metrics["VantiqLatency"]) == 6
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "MskVantiqToolkit"


def test_by_default_a_batch_is_measured_as_far_as_alarms_need_it_and_the_log_has_the_rest(
    function: ModuleType, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    function.handler(json.loads((ROOT / "events" / "forwarder.json").read_text()), Context())
    (metrics,) = [line for line in lines(capsys.readouterr().out) if "_aws" in line]
    names = [each["Name"] for each in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    assert (names, metrics["RecordsReportedBack"]) == (["RecordsReportedBack"], [0.0])
    (line,) = [vars(one) for one in caplog.records if one.message == "delivered"]
    assert (line["received"], line["delivered"], line["retried"]) == (6, 6, 0)
    assert line["lag_ms"] > 0
    assert line["longest_post_ms"] >= 0


def test_failures_are_told_as_the_mode_wants_it(
    function: ModuleType, vantiq: FakeVantiq, monkeypatch: pytest.MonkeyPatch
) -> None:
    vantiq.faults.append(at_offset(1, refusal(500)))
    batch = event([record(n) for n in range(3)])
    with pytest.raises(DeliveryIncompleteError):
        function.handler(batch, Context())
    monkeypatch.setenv("POLLER_MODE", "provisioned")
    answer = function.handler(batch, Context())
    assert [one["itemIdentifier"]["offset"] for one in answer["batchItemFailures"]] == [1, 2]


def test_a_failing_try_is_one_warning_and_an_error_without_a_long_traceback(
    function: ModuleType, vantiq: FakeVantiq, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    vantiq.faults.append(lambda path, documents: refusal(401))
    with pytest.raises(DeliveryIncompleteError) as caught:
        function.handler(event([record(n) for n in range(3)]), Context())
    (line,) = [vars(entry) for entry in caplog.records]
    assert (line["levelname"], line["cause"], line["command"]) == ("WARNING", "vantiq-token-refused", "mskv token set")
    assert "Vantiq answered 401" in line["message"]
    assert line["remedy"] in line["message"]
    assert line["remedy"].endswith("It is s.")
    (metrics,) = [line for line in lines(capsys.readouterr().out) if "_aws" in line]
    assert metrics["VantiqOutage"] == [1.0]
    # Lambda leaves out what comes before the handler, which is the only frame that is left.
    assert [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)][1:] == ["handler"]
    assert caught.value.__suppress_context__


def test_a_setting_that_disagrees_with_the_mapping_raises_instead_of_losing_records(
    function: ModuleType, vantiq: FakeVantiq, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Lambda:
        def get_paginator(self, _: str) -> "Lambda":
            return self

        def paginate(self, **_: str) -> list[dict[str, Any]]:
            return [{"EventSourceMappings": [{"FunctionResponseTypes": []}]}]

    monkeypatch.setattr(function, "mapping", MappingCheck(lambda service: Lambda(), function.logger))
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "forwarder")
    monkeypatch.setenv("POLLER_MODE", "provisioned")
    assert function.handler(event([record(0)]), Context()) == {"batchItemFailures": []}
    assert [line.message for line in caplog.records if line.levelname == "ERROR"]
    vantiq.faults.append(at_offset(1, refusal(500)))
    with pytest.raises(DeliveryIncompleteError):
        function.handler(event([record(n) for n in range(3)]), Context())


def everything_said(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, caught: object = "") -> str:
    captured = capsys.readouterr()
    return "\n".join([captured.out, captured.err, str(caught), *(str(vars(one)) for one in caplog.records)])


SECRETS = ("hush", "aHVzaC", "secret words")
UNDECODABLE = {**record(2), "value": "hush!"}


def test_nothing_of_a_record_or_a_refusal_is_logged(
    function: ModuleType, vantiq: FakeVantiq, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    vantiq.faults.append(at_offset(3, refusal(500)))
    vantiq.faults.append(at_offset(0, refusal(400)))
    batch = event(
        [record(0, b'{"hush": "hush", "offset": 0, "partition": 0}'), record(1, b"hush"), UNDECODABLE, record(3)]
    )
    with pytest.raises(DeliveryIncompleteError) as caught:
        function.handler(batch, Context())
    told = everything_said(capsys, caplog, caught.value)
    assert "io.vantiq.some.validation" in told
    assert "unsendable" in told
    for secret in SECRETS:
        assert secret not in told


@pytest.mark.parametrize("on_refusal", ["dead-letter", "block"])
def test_a_refused_value_is_logged_when_asked_for_and_then_truncated(
    function: ModuleType,
    vantiq: FakeVantiq,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    on_refusal: str,
) -> None:
    monkeypatch.setenv("LOG_PAYLOAD_BYTES", "5")
    monkeypatch.setenv("ON_REFUSAL", on_refusal)
    vantiq.faults.append(at_offset(0, refusal(400)))
    values = {0: b"\xff1234hidden", 1: b"delivered"}
    with contextlib.suppress(DeliveryIncompleteError):
        function.handler(event([record(n, value) for n, value in values.items()]), Context())
    (line,) = [vars(one) for one in caplog.records if one.message == "record refused"]
    assert (line["place"], line["offset"], line["code"]) == ("orders-0", 0, "io.vantiq.some.validation")
    assert line["value"] == "\\xff1234"
    assert "hidden" not in str([vars(one) for one in caplog.records])
    assert "delivered" not in [line.get("value") for line in map(vars, caplog.records)]


def test_many_refusals_make_no_flood_of_lines(
    function: ModuleType, vantiq: FakeVantiq, caplog: pytest.LogCaptureFixture
) -> None:
    vantiq.faults += [at_offset(n, refusal(400)) for n in range(50)]
    function.handler(event([record(n) for n in range(50)]), Context())
    assert len([one for one in caplog.records if one.message == "record refused"]) == 20


def test_a_mistake_in_the_settings_is_told_with_all_others(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTIQ_URL", "")
    monkeypatch.setenv("ORDERING", "topic")
    with pytest.raises(ConfigurationError, match=r"VANTIQ_URL.*ORDERING"):
        function.handler(event([]), Context())


def test_another_event_is_one_clear_error(function: ModuleType) -> None:
    with pytest.raises(MalformedEventError):
        function.handler({"Records": []}, Context())


def test_many_requests_make_no_more_values_than_a_metric_line_takes(
    function: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETAILED_METRICS", "true")
    function.handler(event([record(n) for n in range(1050)]), Context())
    measured = [line for line in lines(capsys.readouterr().out) if "_aws" in line]
    assert len(measured) == 1
    assert 50 < len(measured[0]["VantiqLatency"]) <= 100


def test_the_forwarder_is_kept_while_the_settings_stay() -> None:
    def settings(target: str) -> ForwarderSettings:
        return ForwarderSettings(vantiq_url="http://127.0.0.1:1", vantiq_token_secret_arn="s", vantiq_target=target)

    client = FakeAws()
    forwarding.warm_forwarder.cache_clear()
    first = forwarding.warm_forwarder(settings("topic:/a"), client)
    assert forwarding.warm_forwarder(settings("topic:/a"), client) is first
    assert forwarding.warm_forwarder(settings("topic:/b"), client) is not first
    forwarding.warm_forwarder.cache_clear()


def test_the_function_loads_nothing_that_it_does_not_use() -> None:
    unused = ("kafka", "yaml", "aiohttp", "msk_toolkit.schemas", "fastavro", "jsonschema_rs", "google.protobuf")
    code = f"import sys, forwarder; print([n for n in {unused} if n in sys.modules])"
    path = f"{ROOT / 'layers' / 'msk_toolkit'}:{ROOT / 'functions' / 'forwarder'}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True, timeout=60
    )
    # Before it stands the environment's first line.
    assert done.stdout.splitlines()[-1] == "[]"
