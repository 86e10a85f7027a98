"""``sam local invoke`` of each function, as the README gives it, against the local system."""

import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.aws.deployment import architecture
from local.container import image
from local.demo.journal import Deliveries
from local.laptop import CONTAINER_HOST, container_environment, write_environment
from local.startup import build_folder
from local.system import CHECKOUT, System

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

Invoke = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def invoke(system: System, tmp_path_factory: pytest.TempPathFactory) -> Invoke:
    """Runs the real command with a committed event; answers the function's response."""
    if problem := image.engine_problem():
        pytest.skip(f"`sam local invoke` needs a container engine: {problem}")
    if system.emulator.container_endpoint is None:
        pytest.skip("`sam local invoke` needs Docker's bridge (docker0), to reach this machine from a container")
    image.build()
    environment = tmp_path_factory.mktemp("laptop") / "env.local.json"
    write_environment(system, environment)

    def run(function: str, event: str) -> Any:
        done = subprocess.run(
            [
                *("sam", "local", "invoke", function),
                f"--template-file={build_folder(system.run) / 'build' / 'template.yaml'}",
                f"--event={CHECKOUT / 'events' / event}",
                f"--env-vars={environment}",
                f"--invoke-image={image.TAG}",
                "--skip-pull-image",
                f"--add-host={CONTAINER_HOST}:host-gateway",
                f"--parameter-overrides=Architecture={architecture()}",
                "--language-extensions",
            ],
            cwd=environment.parent,
            env=system.emulator.environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        assert not (isinstance(answer, dict) and "errorMessage" in answer), answer
        return answer

    return run


def place(record: dict[str, Any]) -> tuple[str, int, int]:
    return record["topic"], record["partition"], record["offset"]


def test_the_example_of_the_environment_names_what_the_functions_need(system: System) -> None:
    example = json.loads((CHECKOUT / "events" / "env.example.json").read_text())
    if system.emulator.container_endpoint is None:
        pytest.skip("needs Docker's bridge (docker0)")

    assert example["Parameters"].keys() == container_environment(system)["Parameters"].keys()


def test_topics_reports_what_stands(invoke: Invoke) -> None:
    answer = invoke("TopicsFunction", "topics-plan.json")

    assert {step["action"] for step in answer["plan"]["steps"]} == {"unchanged"}


def test_topics_applies_again_without_a_change(invoke: Invoke) -> None:
    answer = invoke("TopicsFunction", "topics-apply.json")

    assert (answer["status"], answer["changes"]) == ("applied", [])
    assert answer["table"].splitlines()[-1].startswith("Plan: 0 create, 0 update, 3 unchanged")


def test_the_producer_probe_passes_every_stage(invoke: Invoke) -> None:
    answer = invoke("ProducerProbeFunction", "producer_probe.json")

    assert (answer["verdict"]["status"], answer["brokerCount"]) == ("healthy", 3)


def test_the_consumer_probe_reads_the_heartbeats(invoke: Invoke) -> None:
    answer = invoke("ConsumerProbeFunction", "consumer_probe.json")

    assert answer["verdict"]["status"] == "healthy"
    assert answer["recordsRead"] > 0


def test_the_matrix_shows_what_the_deployed_probes_found(invoke: Invoke, system: System) -> None:
    for probe in ("ProducerProbeFunction", "ConsumerProbeFunction"):
        system.function(probe).invoke({})

    answer = invoke("ProbeMatrixFunction", "probe_matrix.json")

    assert answer.count("✓ HEALTHY: all 3 brokers pass every stage") == 2
    assert "color-scheme: dark" in answer


def test_the_forwarder_delivers_the_sample_event(invoke: Invoke, system: System) -> None:
    event = json.loads((CHECKOUT / "events" / "forwarder.json").read_text())
    expected = {place(record) for record in itertools.chain.from_iterable(event["records"].values())}

    answer = invoke("ForwarderFunction", "forwarder.json")

    assert answer in (None, {"batchItemFailures": []})
    deliveries = Deliveries(system.vantiq_journal, event["eventSourceArn"])
    deliveries.read()
    assert {place(envelope) for envelope in deliveries.envelopes} == expected


def test_the_redrive_lists_what_was_set_aside(invoke: Invoke) -> None:
    answer = invoke("RedriveFunction", "redrive-list.json")

    assert answer.get("groups", []) == []


def test_connect_describes_the_cluster_and_keeps_the_password(invoke: Invoke, system: System) -> None:
    answer = invoke("ConnectFunction", "connect-describe.json")

    assert answer["cluster"]["state"] == "ACTIVE"
    assert system.kafka.settings.password not in str(answer)


def test_diagnose_tells_the_listener_in_use_from_what_no_container_reaches(invoke: Invoke, system: System) -> None:
    answer = invoke("DiagnoseFunction", "diagnose.json")

    used, *others = answer["listeners"]
    assert (used["inUse"], used["protocol"], used["status"]) == (True, "scram", "healthy"), answer["table"]
    # The emulator's other addresses are this machine's own, where a container is alone.
    assert {listener["status"] for listener in others} <= {"down", "not reached"}
    # It has no transit gateways, which is reported; the rest is judged.
    assert [finding["text"] for finding in answer["network"] if finding["code"] == "not-read"] == [
        "ec2:DescribeTransitGatewayAttachments: refused with InvalidAction"
    ]
    assert [option["state"] for option in answer["connectivity"] if option["kind"] == "VPC peering"] == ["not seen"]
    # The function is in the configured subnets, and the mappings are the deployed forwarder's.
    assert all(finding["code"] != "not-visible" for finding in answer["network"])
    assert all("no event source mapping" not in finding["text"] for finding in answer["mapping"])
    assert system.kafka.settings.password not in str(answer)


def test_every_event_belongs_to_a_function() -> None:
    names = {path.name for path in Path(CHECKOUT / "events").glob("*.json")}

    assert names == {
        "env.example.json",
        "alarm_mail.json",
        "status-watch.json",
        "forwarder.json",
        "declared_topics.json",
        "topics-plan.json",
        "topics-apply.json",
        "topics-check.json",
        "topics-delete.json",
        "topics-export.json",
        "connect-check.json",
        "connect-describe.json",
        "connect-register.json",
        "redrive-list.json",
        "redrive-replay.json",
        "producer_probe.json",
        "consumer_probe.json",
        "probe_matrix.json",
        "probe_matrix-describe.json",
        "status.json",
        "status-describe.json",
        "diagnose.json",
        "scram_rotation.json",
        "scram_rotation-sources.json",
    }
