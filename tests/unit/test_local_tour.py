"""What `make up` leaves for a person to look around with."""

import subprocess
from pathlib import Path

from local.aws.emulator import Emulator
from local.tour import write_shell


def test_the_file_to_source_works_where_the_checkouts_path_has_a_space(tmp_path: Path) -> None:
    programs = tmp_path / "a checkout" / "bin"
    programs.mkdir(parents=True)
    (programs / "sam").write_text('#!/bin/sh\necho "$AWS_ENDPOINT_URL"\n')
    (programs / "sam").chmod(0o755)
    file = write_shell(tmp_path, Emulator("http://127.0.0.1:4566", None, "token"), programs)
    environment = {"PATH": "/usr/bin:/bin:/with a space/too"}
    shell = ["sh", "-c", f'set -e; . {file}; sam; echo "$PATH"']
    said = subprocess.run(shell, env=environment, capture_output=True, text=True, timeout=10, check=True)
    assert said.stdout.splitlines() == ["http://127.0.0.1:4566", f"{programs}:/usr/bin:/bin:/with a space/too"]
    assert file.stat().st_mode & 0o777 == 0o600
