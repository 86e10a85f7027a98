"""What git and the project's own commands are asked to do."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from release.errors import ReleaseError

_GIT_SECONDS = 60
_COMMAND_SECONDS = 3600


def git(root: Path, *arguments: str) -> str:
    """The output of a git command.

    Raises:
        ReleaseError: git refused.
    """
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
    )
    if done.returncode:
        raise ReleaseError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def state_problems(root: Path, version: str) -> list[str]:
    """Why these sources can't become a release: changes that are not committed, or a tag that is there."""
    problems = []
    if git(root, "status", "--porcelain"):
        problems.append("the working tree has changes: commit or undo them (git status shows them)")
    if git(root, "tag", "--list", f"v{version}"):
        problems.append(f"the tag v{version} exists already: choose a new version with make version NEW=X.Y.Z")
    return problems


def run(root: Path, command: Sequence[str], **environment: str) -> str:
    """The output of one of the project's commands.

    Args:
        environment: variables that it gets beside those of this process.

    Raises:
        ReleaseError: it failed; the error has the last lines of what it printed.
    """
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise ReleaseError(f"{command[0]} is missing") from None
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-15:]
        raise ReleaseError("\n".join([f"{' '.join(command)} failed:", *lines]))
    return done.stdout
