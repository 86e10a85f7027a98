"""`make build` says in one sentence that a SAM CLI is too old, before that CLI can fail in its own way."""

import os
import subprocess
from pathlib import Path

import pytest

from local.sam_version import refusal

ROOT = Path(__file__).parents[2]
OLDEST = "1.160.1"


@pytest.mark.parametrize("version", ["1.160.1", "1.160.2", "1.170.0", "2.0.0", "1.1000.0"])
def test_a_version_that_is_new_enough_is_taken(version: str) -> None:
    assert refusal(OLDEST, f"SAM CLI, version {version}\n") is None


@pytest.mark.parametrize("version", ["1.145.2", "1.159.1", "1.160.0", "1.99.0"])
def test_an_older_one_is_refused_with_the_version_that_is_needed(version: str) -> None:
    sentence = refusal(OLDEST, f"SAM CLI, version {version}\n")
    assert sentence is not None
    assert version in sentence
    assert OLDEST in sentence


@pytest.mark.parametrize("said", [None, "", "command not understood"])
def test_without_a_version_it_is_told_what_to_install(said: str | None) -> None:
    assert f"{OLDEST} or later" in str(refusal(OLDEST, said))


def make_build(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    """`make build` with a SAM CLI of this version, which writes its arguments into a file."""
    sam = folder / "sam"
    sam.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "SAM CLI, version {version}" || echo "$@" > {folder}/called\n'
    )
    sam.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        ["make", "build"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_make_build_refuses_an_old_cli_in_one_sentence_and_does_not_run_it(tmp_path: Path) -> None:
    done = make_build(tmp_path, "1.159.1")
    assert done.returncode != 0
    (sentence, stopped) = done.stderr.splitlines()
    assert sentence.startswith("SAM CLI 1.159.1 can't build this template: install 1.160.1 or later")
    assert stopped.startswith("make: ***")
    assert not (tmp_path / "called").exists()


def test_make_build_builds_with_a_cli_that_is_new_enough(tmp_path: Path) -> None:
    done = make_build(tmp_path, OLDEST)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text().split() == ["build"]


@pytest.mark.parametrize("page", ["README.md", "README.ja.md", "docs/deploying.md"])
def test_the_pages_name_the_version_that_the_build_asks_for(page: str) -> None:
    assert f"OLDEST_SAM := {OLDEST}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert OLDEST in (ROOT / page).read_text(encoding="utf-8")
