"""Completion as the shells themselves ask for it: commands, options, and the topics of the stack."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from click.shell_completion import ShellComplete

from mskv.command_line import commands
from tests.fakes.mskv_world import STACK, World

BIN = Path(sys.executable).parent
# Each shell's own completion of the words that it is given, one suggestion a line.
BASH = """
eval "$(_MSKV_COMPLETE=bash_source mskv)"
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_mskv_completion mskv "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# Without its line editor zsh has no completion: these stand for what it would call.
ZSH = """
compdef() {{ :; }}
_describe() {{ local -a list=("${{(@P)3}}"); printf '%s\\n' "${{list[@]%%:*}}"; }}
compadd() {{ while [[ "$1" != -a ]]; do shift; done; printf '%s\\n' "${{(@P)2}}"; }}
typeset -A compstate
words=({words}) CURRENT=${{#words}}
eval "$(_MSKV_COMPLETE=zsh_source mskv)"
_mskv_completion
"""
FISH = """
_MSKV_COMPLETE=fish_source mskv | source
complete -C {line} | string split -f1 (printf '\\t')
"""


def script(shell: str, typed: list[str]) -> str:
    arguments = " ".join(map(shlex.quote, typed))
    return {"bash": BASH, "zsh": ZSH, "fish": FISH}[shell].format(words=arguments, line=shlex.quote(" ".join(typed)))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["mskv", "top"], {"topics"}),
        (["mskv", "topics", "de"], {"delete"}),
        (["mskv", "verify", "--st"], {"--stack"}),
        (["mskv", "probe", "-o", "ya"], {"yaml"}),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_options_and_their_values(
    shell: str, typed: list[str], expected: set[str], tmp_path: Path
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [program, "-c", script(shell, typed)],
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert set(done.stdout.split()) == expected, done.stderr


def completions(typed: list[str], begun: str) -> list[str]:
    items = ShellComplete(commands, {}, "mskv", "_MSKV_COMPLETE").get_completions(typed, begun)
    return [item.value for item in items]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    made.parameters["ForwardTopics"] = "orders, invoices"
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


@pytest.mark.parametrize(
    ("typed", "begun", "topics"),
    [
        (["lag"], "", ["orders", "invoices"]),
        (["letters", "list"], "or", ["orders"]),
        (["letters", "replay"], "in", ["invoices"]),
        (["mapping", "disable"], "x", []),
        (["connect", "register", "Orders"], "or", ["orders"]),
    ],
)
def test_a_topic_is_completed_from_the_stacks_own(
    world: World, typed: list[str], begun: str, topics: list[str]
) -> None:
    assert completions([*typed, "--stack", STACK], begun) == topics


def unnamed(world: World) -> None:
    world.aws.answers["describe_stacks"] = EndpointConnectionError(endpoint_url="https://nowhere")


@pytest.mark.parametrize("where", [["--stack", STACK], ["--local", "--stack", STACK], []])
@pytest.mark.parametrize("fault", [unnamed])
def test_where_the_stack_cannot_be_asked_nothing_is_completed_and_nothing_fails(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: list[str], fault: Callable[[World], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MSKV_STACK", raising=False)
    fault(world)
    assert completions(["lag", *where], "") == []
