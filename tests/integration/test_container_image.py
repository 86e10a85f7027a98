"""The stand-in image in a real container engine."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from local.container.image import build, engine_problem, existing_digest

pytestmark = [pytest.mark.integration, pytest.mark.docker]


@pytest.fixture
def tag() -> Iterator[str]:
    if problem := engine_problem():
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(f"no container engine: {problem}")
    name = f"msk-toolkit/lambda-python:test-{os.getpid()}"
    yield name
    subprocess.run(["docker", "image", "rm", "--force", name], capture_output=True, timeout=60, check=False)


def test_the_image_runs_this_machines_python_and_is_made_once(tag: str) -> None:
    assert build(tag)
    assert not build(tag)
    assert existing_digest(tag)


def test_an_image_of_another_origin_is_replaced(tag: str) -> None:
    docker = ["docker", "import", "-", tag]
    stranger = subprocess.run(docker, input=b"\0" * 10240, capture_output=True, timeout=60, check=True).stdout.decode()
    assert existing_digest(tag) == ""
    assert build(tag)
    subprocess.run(["docker", "image", "rm", stranger.strip()], capture_output=True, timeout=60, check=True)
