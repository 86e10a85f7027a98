"""The functions whose cold start is measured: those of a build, and two bare ones."""

import compileall
import platform
import py_compile
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from local.container.runtime import runtime_files

BARE = "a bare handler"
BARE_BOTO3 = "a bare boto3 Secrets Manager client"
_BARE_SOURCES = {
    BARE: "def handler(event, context):\n    return event\n",
    BARE_BOTO3: "import boto3\n\nclient = boto3.client('secretsmanager')\n\n\n"
    "def handler(event, context):\n    return client.get_secret_value(SecretId='vantiq-token')\n",
}


class ColdStartError(RuntimeError):
    """A function could not be started, or the build is not for this machine."""


class Subject(NamedTuple):
    """A function to start: its folder and module, the folders of its layers, its environment."""

    name: str
    task: Path
    module: str
    layers: tuple[Path, ...]
    environment: Mapping[str, str]


def built_functions(build: Path, variables: Mapping[str, Mapping[str, str]]) -> list[Subject]:
    """The functions of a ``sam build``.

    ``variables`` by logical id, as ``sam local invoke --env-vars`` takes them.

    Raises:
        ColdStartError: the build has no layer for this machine.
    """
    template = yaml.safe_load((build / "template.yaml").read_text(encoding="utf-8"))
    declared = _of_type(template, "AWS::Serverless::LayerVersion").values()
    layers = [
        build / layer["ContentUri"] / "python" for layer in declared if machine() in layer["CompatibleArchitectures"]
    ]
    if not layers:
        raise ColdStartError(f"{build / 'template.yaml'} has no layer for {machine()}")
    return [
        Subject(
            name=name,
            task=build / properties["CodeUri"],
            module=properties["Handler"].rpartition(".")[0],
            layers=tuple(layers),
            environment=variables.get(name, {}),
        )
        for name, properties in _of_type(template, "AWS::Serverless::Function").items()
    ]


def _of_type(template: dict[str, Any], resource_type: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of a type, by logical id; a loop (Fn::ForEach) is a list, and left out."""
    resources = {name: value for name, value in template["Resources"].items() if isinstance(value, dict)}
    return {name: value["Properties"] for name, value in resources.items() if value["Type"] == resource_type}


def machine() -> str:
    """This machine's architecture as Lambda calls it."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def bare_functions(folder: Path) -> list[Subject]:
    """The two functions to compare with, written and compiled below ``folder``."""
    subjects = []
    for number, (name, source) in enumerate(_BARE_SOURCES.items()):
        task = folder / f"bare{number}"
        task.mkdir()
        (task / "bare.py").write_text(source, encoding="utf-8")
        subjects.append(Subject(name, task, "bare", (), {}))
        compile_folder(task)
    return subjects


def runtime_folder(folder: Path) -> Path:
    """A stand-in for /var/runtime below ``folder``: awslambdaric and boto3, compiled."""
    for path, source in runtime_files().items():
        target = folder / "runtime" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    compile_folder(folder / "runtime")
    return folder / "runtime"


def compile_folder(folder: Path) -> None:
    """Compile as the build does."""
    compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
