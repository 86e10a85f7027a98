"""The check that a schedule runs: whether the forwarder's targets keep what they are sent, one line and one metric."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from msk_toolkit.connect.check import CheckResponse, report_targets
from msk_toolkit.connect.registrar import check_targets
from msk_toolkit.connect.request import parse_connect_request
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.vantiq import VantiqSettings

from local.ports import free_ports
from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.aws_fake import FakeAws
from tests.unit.test_connect_run import ENVIRON

pytestmark = pytest.mark.enable_socket
RELIABLE = {"name": "/msk/orders", "isReliable": True}


class Checked:
    """A stand-in, and the check of a stack that forwards `orders`."""

    def __init__(self, standin: VantiqStandIn, **environ: str) -> None:
        self.standin = standin
        self.settings = load(ConnectSettings, {**ENVIRON, "FORWARD_TOPICS": "orders", **environ})

    def run(self, url: str = "", token: str = "") -> CheckResponse:
        vantiq = VantiqSettings(
            vantiq_url=url or self.standin.url, vantiq_token_secret_arn="token", vantiq_timeout_seconds=2.0
        )
        secrets = FakeAws(get_secret_value={"SecretString": token or self.standin.token})
        return check_targets(self.settings, vantiq, secrets, Deadline(20))


@contextmanager
def check_of(**environ: str) -> Iterator[Checked]:
    with running_standin() as standin:
        yield Checked(standin, **environ)


class Printed:
    """The log's lines, and the metrics."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str, dict[str, Any]]] = []
        self.metrics: dict[str, float] = {}

    def info(self, text: str, extra: dict[str, Any]) -> None:
        self.lines.append((logging.INFO, text, extra))

    def warning(self, text: str, extra: dict[str, Any]) -> None:
        self.lines.append((logging.WARNING, text, extra))

    def add_metric(self, name: str, unit: Any, value: float) -> None:
        self.metrics[name] = value

    def flush_metrics(self) -> None:
        pass


def reported(there: Checked, response: CheckResponse) -> Printed:
    printed = Printed()
    report_targets(response, there.settings, printed, printed)
    return printed


def states(response: CheckResponse) -> dict[str, str]:
    return {target.target: target.state for target in response.targets}


def test_a_fit_target_is_one_line_of_information_and_no_metric() -> None:
    with check_of() as there:
        there.standin.define("topics", RELIABLE)
        response = there.run()
        assert response.status == "checked"
        assert states(response) == {"topic:/msk/orders": "fit"}
        assert response.table.splitlines() == [
            "= topic:/msk/orders: fit",
            "targets: 1 fit, 0 unfit, 0 unknown. Nothing was changed.",
        ]
        printed = reported(there, response)
        ((level, text, extra),) = printed.lines
        assert (level, text) == (logging.INFO, "targets: 1 fit, 0 unfit, 0 unknown")
        assert extra["targets"] == []
        assert printed.metrics == {}


def test_a_target_that_is_not_there_is_a_warning_with_its_remedy_and_counted() -> None:
    with check_of(HEARTBEAT_TARGET="procedure:beat") as there:
        response = there.run()
        assert states(response) == {"topic:/msk/orders": "unfit", "procedure:beat": "unfit"}
        topic, procedure = response.targets
        assert topic.reason.startswith("there is no topic /msk/orders in Vantiq")
        assert '{"action": "register", "targets_only": true} (create: reliable' in topic.remedy
        # Only its owner knows what it is to do.
        assert procedure.remedy.startswith("register can't fix it")
        printed = reported(there, response)
        ((level, text, extra),) = printed.lines
        assert (level, text) == (logging.WARNING, "targets: 0 fit, 2 unfit, 0 unknown")
        assert [line.partition(":")[0] for line in extra["targets"]] == ["! topic", "! procedure"]
        assert all("remedy: " in line for line in extra["targets"])
        assert printed.metrics == {"TargetsUnfit": 2}


def test_a_check_changes_nothing_in_vantiq() -> None:
    with check_of() as there:
        there.run()
        assert there.standin.look_up("topics", "/msk/orders") is None


@pytest.mark.parametrize(("max_batch_records", "state"), [("0", "fit"), ("1", "fit"), ("100", "unfit")])
def test_auto_unwind_matters_only_where_arrays_are_sent(max_batch_records: str, state: str) -> None:
    with check_of(MAX_BATCH_RECORDS=max_batch_records) as there:
        there.standin.define("topics", RELIABLE)
        assert states(there.run()) == {"topic:/msk/orders": state}


def test_with_warn_an_unfit_target_is_in_the_log_and_no_alarm() -> None:
    with check_of(TARGET_CHECK="warn") as there:
        printed = reported(there, there.run())
        assert [level for level, *_ in printed.lines] == [logging.WARNING]
        assert printed.metrics == {}


def test_with_detailed_metrics_a_healthy_check_publishes_its_zero() -> None:
    with check_of(DETAILED_METRICS="true") as there:
        there.standin.define("topics", RELIABLE)
        assert reported(there, there.run()).metrics == {"TargetsUnfit": 0}


def test_a_token_that_vantiq_refuses_leaves_it_open_and_is_not_logged() -> None:
    with check_of() as there:
        there.standin.define("topics", RELIABLE)
        response = there.run(token="n0t-the-t0ken")
        assert states(response) == {"topic:/msk/orders": "unknown"}
        assert "unknown; Vantiq, " in response.table
        printed = reported(there, response)
        assert [level for level, *_ in printed.lines] == [logging.WARNING]
        assert "token is not valid" in json.dumps(printed.lines)
        assert "n0t-the-t0ken" not in json.dumps(printed.lines) + response.table
        assert printed.metrics == {}


def test_a_vantiq_that_can_not_be_reached_leaves_every_target_open() -> None:
    with check_of(HEARTBEAT_TARGET="topic:/heart") as there:
        response = there.run(url=f"http://127.0.0.1:{free_ports(1)[0]}")
        assert set(states(response).values()) == {"unknown"}
        assert response.table.endswith("0 fit, 0 unfit, 2 unknown. Nothing was changed.")


def test_a_setting_that_names_no_target_is_among_the_problems() -> None:
    with check_of(HEARTBEAT_TARGET="beat") as there:
        there.standin.define("topics", RELIABLE)
        response = there.run()
        (problem,) = response.problems
        assert "HEARTBEAT_TARGET" in problem
        assert reported(there, response).lines[0][0] == logging.WARNING


def test_the_schedules_event_is_a_request() -> None:
    assert parse_connect_request({"action": "check"}).action == "check"


def test_the_answer_is_plain_json() -> None:
    with check_of() as there:
        (target,) = msgspec.to_builtins(there.run())["targets"]
        assert (target["target"], target["state"]) == ("topic:/msk/orders", "unfit")


def test_with_deletions_a_type_whose_rows_no_tombstone_can_name_is_unfit_before_any_record_comes() -> None:
    environ = {"VANTIQ_TARGET": "upsert:Order", "TOMBSTONES": "delete", "HEARTBEAT_TARGET": "upsert:Beat"}
    with check_of(**environ) as there:
        columns = {name: {"type": "String"} for name in ("id", "key")}
        there.standin.define("types", {"name": "Order", "properties": columns, "naturalKey": ["id"]})
        # The heartbeats are never tombstones.
        there.standin.define("types", {"name": "Beat", "properties": columns, "naturalKey": ["id"]})
        response = there.run()
        assert states(response) == {"upsert:Order": "unfit", "upsert:Beat": "fit"}
        assert "with PAYLOAD=envelope its natural key must be key" in response.targets[0].reason
        assert reported(there, response).metrics == {"TargetsUnfit": 1}
    with check_of(**environ, PAYLOAD="value") as there:
        there.standin.define("types", {"name": "Order", "properties": columns, "naturalKey": ["id"]})
        assert states(there.run())["upsert:Order"] == "fit"
