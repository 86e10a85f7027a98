"""The wheel of the command line: what it holds, where it starts, and what it needs beside itself."""

import ast
import importlib
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# boto3 brings it; --local says so where a checkout's own package is missing.
_BROUGHT = {"botocore", "local"}


def imported() -> set[str]:
    """The first names of all that the package imports anywhere."""
    names: set[str] = set()
    for file in (ROOT / "mskv").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return names


def test_the_command_starts_where_the_package_says() -> None:
    module, _, name = PROJECT["project"]["scripts"]["mskv"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["mskv"]


def test_the_package_requires_exactly_the_libraries_that_the_command_line_imports() -> None:
    required = {re.split(r"[^\w-]", requirement)[0] for requirement in PROJECT["project"]["dependencies"]}
    libraries = imported() - set(sys.stdlib_module_names) - {"mskv"} - _BROUGHT
    # PyYAML is imported as yaml.
    assert {"pyyaml" if library == "yaml" else library for library in libraries} == required


def test_the_layer_carries_nothing_of_it() -> None:
    layer = (ROOT / "layers" / "msk_toolkit" / "requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"^(click|rich)==", layer, re.MULTILINE)
