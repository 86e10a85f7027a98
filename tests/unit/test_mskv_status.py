"""``mskv status``: the parts, worst first, each problem with its remedy and command; and its exit status."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mskv import exits
from tests.fakes.mskv_world import World, typed

GOLDEN = Path(__file__).parents[1] / "golden" / "status"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


def system(name: str) -> dict[str, Any]:
    """What the function answers about one of the systems of test_status_path."""
    answer: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return answer


def test_a_healthy_path_is_a_line_for_each_part_and_nothing_to_do(world: World) -> None:
    world.answers["StatusFunction"] = system("healthy")
    result = typed("status")
    assert result.exit_code == exits.OK
    assert result.stdout.splitlines() == [
        "shop: HEALTHY at 2026-11-28 03:00:00 UTC",
        "BROKERS    ✓ 3 of 3 healthy (60 s ago)",
        "FORWARDER  ✓ 2 topics, none of them blocked",
        "  TOPIC            STATE      MAPPING  IN/S  OUT/S  BEHIND    LETTERS  LAST DELIVERY (UTC)",
        "  orders           ✓ in step  Enabled  2.0   2.0    0         0        02:59:20",
        "  sensor-readings  ✓ in step  Enabled  2.0   5.0    12 / 0 s  0        02:59:58",
        "LETTERS    ✓ none waiting",
        "TOPICS     ✓ no drift: all 3 declared topics match (11 min ago)",
        "TARGETS    ✓ targets: 2 fit, 0 unfit, 0 unknown (20 min ago)",
        "ALARMS     ✓ none of 2 is on",
    ]


def test_the_worst_part_comes_first_with_cause_remedy_and_command(world: World) -> None:
    world.answers["StatusFunction"] = system("faults")
    result = typed("status")
    assert result.exit_code == exits.PROBLEM
    lines = result.stdout.splitlines()
    assert lines[:2] == ["shop: DOWN at 2026-11-28 03:00:00 UTC", "FORWARDER  ✗ 2 of 2 topics not delivered"]
    token = lines.index("  ✗ Vantiq does not accept the access token (401). (since 02:51:00, 14 attempts)")
    assert lines[token + 1] == "    Vantiq answered 401 for topic:/msk/orders"
    assert lines[token + 2].startswith("    -> Create an access token in Vantiq and store it in the secret that ")
    assert lines[token + 3] == "    $ mskv token set --stack msk-vantiq --region eu-central-1"
    parts = [line.split()[0] for line in lines[1:] if not line.startswith(" ")]
    assert parts == ["FORWARDER", "BROKERS", "LETTERS", "TOPICS", "ALARMS", "TARGETS"]


def test_wide_adds_each_broker_and_who_can_help(world: World) -> None:
    world.answers["StatusFunction"] = system("faults")
    text = typed("status", "-o", "wide").stdout
    assert "    owner: Vantiq administrators\n" in text
    assert "docs/runbook.md#vantiq-token-refused\n" in text
    assert "    log: /aws/lambda/msk-vantiq-forwarder\n" in text
    assert "broker 1 (b-1.orders-production" in text


def test_what_is_not_known_is_a_problem_and_says_why(world: World) -> None:
    world.answers["StatusFunction"] = system("unknown")
    result = typed("status")
    assert result.exit_code == exits.PROBLEM
    assert "ALARMS     ? not known: cloudwatch:DescribeAlarms: access denied" in result.stdout


def test_programs_get_the_functions_whole_answer(world: World) -> None:
    world.answers["StatusFunction"] = system("faults")
    assert json.loads(typed("status", "-o", "json").stdout) == system("faults")
    assert yaml.safe_load(typed("status", "-o", "yaml").stdout) == system("faults")


def test_an_answer_of_another_version_is_an_error_with_what_to_do(world: World) -> None:
    world.answers["StatusFunction"] = {"health": "healthy"}
    result = typed("status")
    assert result.exit_code == exits.PROBLEM
    assert "use mskv in the version of the deployed stack" in result.stderr


def test_the_local_system_is_opened_without_kafka_python_which_would_cost_a_quarter_of_a_second() -> None:
    program = "import sys, local.system; print(sorted({'kafka', 'cramjam'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
