"""The commands that the documents show: what they name is there, and what they hand over is understood."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.template.stack import with_every_function
from tests.unit.test_documents import DOCS, RESOURCES, ROOT, SAMPLES, check

PAGES = sorted([*ROOT.glob("README*.md"), *DOCS.rglob("*.md")])
_FUNCTION = "AWS::Serverless::Function"
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
# Neither the bare command in a sentence, nor one with dots in place of the function.
_INVOKE = re.compile(r"sam (?:remote|local) invoke [A-Za-z].*")
_MAKE = re.compile(r"^(?:[A-Z_]+=\S+ )*make ([a-z-]+)")


class Invocation(NamedTuple):
    """`sam remote invoke` or `sam local invoke` with a function; ``words`` are what follows."""

    function: str
    words: list[str]

    def option(self, *names: str) -> str | None:
        """The value of an option, under any of its names."""
        return next((self.words[at + 1] for at, word in enumerate(self.words) if word in names), None)


def code_lines(page: Path) -> Iterator[str]:
    """Each line of code on a page, continued ones joined."""
    text = page.read_text(encoding="utf-8")
    for block in _FENCED.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from _INLINE.findall(_FENCED.sub("", text))


def invocations(page: Path) -> list[Invocation]:
    commands = [found[0] for line in code_lines(page) if (found := _INVOKE.search(line))]
    words = [shlex.split(command, comments=True)[3:] for command in commands]
    return [Invocation(function, rest) for function, *rest in words]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_function_that_is_to_be_invoked_is_one_of_the_template(page: Path) -> None:
    # samconfig.toml names the stack, and then SAM takes a function's logical id only, not its name.
    assert {each.function for each in invocations(page)} <= set(with_every_function().names(_FUNCTION))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_an_event_in_a_command_is_one_that_its_function_understands(page: Path) -> None:
    rooms = {resource: room for room, resource in RESOURCES.items()}
    for each in invocations(page):
        room = rooms[each.function]
        given = each.option("--event", "--event-file", "-e")
        assert given, f"{each.function} is invoked without an event"
        if given.startswith("{"):
            check(f"{room}.event", msgspec.json.decode(given))
        else:
            assert SAMPLES[Path(given).stem] == room
            assert (ROOT / given).is_file()


def test_commands_are_found_at_all() -> None:
    found = {name(page) for page in PAGES if invocations(page)}
    assert {"README.md", "README.ja.md", "docs/local.md", "docs/walkthrough.md", "docs/walkthrough.ja.md"} <= found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_target_of_make_is_in_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {found[1] for line in code_lines(page) if (found := _MAKE.search(line))} <= targets


def test_the_local_system_is_asked_without_the_variables_that_make_sets() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local", "--help"],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"env", "status", "topics", "probe"} <= set(re.findall(r"\w+", done.stdout))


def test_every_event_stands_beside_its_function_in_the_table_of_events() -> None:
    page = (DOCS / "local.md").read_text()
    rows = re.findall(r"^\| `(\w+Function)` \| (.*) \|$", page, re.MULTILINE)
    told = {function: set(_INLINE.findall(events)) for function, events in rows}
    expected = {
        resource: {f"events/{sample}.json" for sample, room in SAMPLES.items() if room == each}
        for each, resource in RESOURCES.items()
    }
    assert told == expected


def test_the_stand_ins_page_names_its_options_and_no_others() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.vantiq", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    options = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}
    page = (DOCS / "vantiq-stand-in.md").read_text()
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) == options


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_local_invocation_as_it_is_typed_has_the_region_and_what_samconfig_would_add(page: Path) -> None:
    # SAM finds samconfig.toml beside the template only, and hands its own default Region to the container.
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for command in re.findall(r"^sam local invoke \w+ .*--template .*$", text, re.MULTILINE):
        assert "--region eu-central-1" in command, command
        assert "--language-extensions" in command, command
