"""A real ``sam build``, as a user types it, and where its parts are."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD_SECONDS = 180


class Build(NamedTuple):
    """The folder of a ``sam build``, and the resources of its template."""

    folder: Path

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id."""
        template = yaml.safe_load((self.folder / "template.yaml").read_text(encoding="utf-8"))
        return {
            name: each["Properties"]
            for name, each in template["Resources"].items()
            # A loop (Fn::ForEach) stands among the resources as a list.
            if isinstance(each, dict) and each["Type"] == f"AWS::Serverless::{kind}"
        }

    def layer(self, architecture: str) -> Path:
        """That of the toolkit."""
        return self._layer("ToolkitLayer", architecture)

    def schema_layer(self, architecture: str) -> Path:
        """That of the libraries that decode by schemas."""
        return self._layer("SchemaLayer", architecture)

    def _layer(self, kind: str, architecture: str) -> Path:
        layers = {name: each for name, each in self.resources("LayerVersion").items() if name.startswith(kind)}
        (content,) = (
            each["ContentUri"] for each in layers.values() if each["CompatibleArchitectures"] == [architecture]
        )
        return self.folder / str(content)

    def parts(self) -> dict[str, Path]:
        """Folder of each function and of each layer, by logical id."""
        functions = {name: self.folder / each["CodeUri"] for name, each in self.resources("Function").items()}
        layers = {name: self.folder / each["ContentUri"] for name, each in self.resources("LayerVersion").items()}
        return functions | layers


def sam_build(folder: Path, architecture: str | None = None) -> Build:
    """What a user types: no container, Python 3.13 and make on PATH; without ``architecture`` its default."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["SAM_CLI_TELEMETRY"] = "0"
    choice = ["--parameter-overrides", f"Architecture={architecture}"] if architecture else []
    done = subprocess.run(
        ["sam", "build", "--no-cached", "--build-dir", folder, *choice],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Build(folder)
