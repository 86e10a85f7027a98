"""What `sam local invoke` needs of a system that is up."""

from pathlib import Path

import pytest

from local.aws.emulator import Emulator
from local.aws.processed import Stack
from local.aws.resources import Resources
from local.laptop import NoContainerAddressError, write_environment
from local.system import System


def test_without_dockers_bridge_the_remedy_and_who_has_none_are_told(tmp_path: Path) -> None:
    system = System(
        run=tmp_path,
        emulator=Emulator("http://127.0.0.1:1", None),
        resources=Resources("", "", "", "", "", (), "", ""),
        stack=Stack("", "", {}, {}, {}, {}, {}),
        vantiq_port=1,
        vantiq_token_file=tmp_path / "token",
        console_port=2,
    )
    with pytest.raises(NoContainerAddressError, match=r"docker0.*Start Docker Engine.*Docker Desktop and Podman"):
        write_environment(system, tmp_path / "env.json")
    assert not (tmp_path / "env.json").exists()
