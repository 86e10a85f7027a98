"""What `sam local invoke` needs of a system that is up."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.aws.deployment import architecture
from local.aws.emulator import REGION, Emulator
from local.aws.processed import Stack
from local.aws.resources import Resources
from local.laptop import NoContainerAddressError, container_environment, invocation, write_environment
from local.system import System

ROOT = Path(__file__).parents[2]


def brought_up(run: Path, container_endpoint: str | None) -> System:
    logical_ids = (
        "ProducerProbeLogs",
        "ConsumerProbeLogs",
        "DeadLetterBucket",
        "FunctionSecurityGroup",
        "ForwarderFunction",
    )
    return System(
        run=run,
        emulator=Emulator("http://127.0.0.1:1", container_endpoint, "token"),
        resources=Resources("", "", "", "", "", (), "", ""),
        stack=Stack("", "", {}, {}, {}, dict.fromkeys(logical_ids, "x"), {}),
        vantiq_port=1,
        vantiq_token_file=run / "token",
        console_port=2,
    )


def test_a_function_on_a_laptop_gets_every_variable_that_the_example_has_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()
    monkeypatch.setattr(System, "kafka", SimpleNamespace(ca_file=ca, bootstrap=str))
    system = brought_up(tmp_path, "http://host.docker.internal:1")
    example = json.loads((ROOT / "events" / "env.example.json").read_text(encoding="utf-8"))
    assert container_environment(system)["Parameters"].keys() == example["Parameters"].keys()


def test_without_dockers_bridge_the_remedy_and_who_has_none_are_told(tmp_path: Path) -> None:
    system = brought_up(tmp_path, None)
    with pytest.raises(NoContainerAddressError, match=r"docker0.*Start Docker Engine.*Docker Desktop and Podman"):
        write_environment(system, tmp_path / "env.json")
    assert not (tmp_path / "env.json").exists()


def test_the_command_to_copy_has_the_emulators_region_and_this_machines_processor() -> None:
    text = invocation(Path("env.local.json"), ".venv/bin/sam")
    assert ".venv/bin/sam build --build-dir .aws-sam/laptop\n" in text
    command = text.partition("local invoke ")[2].partition("\n\n")[0]
    assert f"--region {REGION}" in command
    assert f"--parameter-overrides Architecture={architecture()}" in command
    assert "--env-vars env.local.json" in command
    assert "--language-extensions" in command
