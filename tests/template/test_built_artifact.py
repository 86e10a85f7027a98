"""What a real ``sam build`` leaves: the right machine's libraries, byte code that survives packing, a small layer."""

import hashlib
import importlib.util
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.cold_start_functions import machine
from tests.template.built import ROOT, Build, sam_build

ELF_MACHINES = {"arm64": 183, "x86_64": 62}  # e_machine
UNCHECKED_HASH = 0b01  # PEP 552: the byte code is used without a look at the source
LAMBDA_LIMIT = 250_000_000  # bytes, a function with its layers, unzipped
OWN_LIMIT = 20_000_000  # a third more than it is now: a large dependency is noticed

# Imports a handler as Lambda does and fails for every module of the artifact that Python has to compile.
IMPORT_WITHOUT_COMPILING = """
import importlib, importlib.machinery, sys
build, module = sys.argv[1:]
compiled = []
original = importlib.machinery.SourceFileLoader.source_to_code

def watched(self, data, path, **options):
    compiled.append(str(path))
    return original(self, data, path, **options)

importlib.machinery.SourceFileLoader.source_to_code = watched
importlib.import_module(module)
loaded = [each for each in sys.modules.values() if str(getattr(each, "__file__", "")).startswith(build)]
print(len(loaded), *[path for path in compiled if path.startswith(build)])
"""


both_architectures = pytest.mark.parametrize("architecture", ELF_MACHINES)

ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


def unrolled(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A template's resources, its loops over written lists unrolled as CloudFormation does it: each name in its place.

    A loop over a parameter has no names yet and is left out.
    """
    for name, each in resources.items():
        if not name.startswith("Fn::ForEach::"):
            yield name, each
            continue
        variable, words, bodies = each
        for word in words if isinstance(words, list) else []:
            for key, body in bodies.items():
                yield key.replace(f"${{{variable}}}", word), body


def elf_machines(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in folder.rglob("*"):
        if path.is_file():
            head = path.open("rb").read(20)
            if head.startswith(b"\x7fELF"):
                yield path, struct.unpack_from("<H", head, 18)[0]


def content_hash(folder: Path) -> str:
    """Names and contents, which is what SAM compares before an upload."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    facts = (f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


@both_architectures
def test_a_layer_holds_compiled_libraries_of_its_own_architecture_only(build: Build, architecture: str) -> None:
    numbers = dict(elf_machines(build.layer(architecture)))
    assert numbers, "msgspec is compiled, so an empty answer means that the test looks in the wrong place"
    strangers = {str(path): number for path, number in numbers.items() if number != ELF_MACHINES[architecture]}
    assert strangers == {}


def test_a_function_holds_nothing_compiled_for_a_machine(build: Build) -> None:
    folders = [build.folder / each["CodeUri"] for each in build.resources("Function").values()]
    assert [path for folder in folders for path, _ in elf_machines(folder)] == []


@both_architectures
def test_a_layer_holds_no_wheel_that_was_made_for_another_architecture(build: Build, architecture: str) -> None:
    other = {"arm64": "x86_64", "x86_64": "aarch64"}[architecture]
    tags = [file.read_text(encoding="utf-8") for file in build.layer(architecture).rglob("*.dist-info/WHEEL")]
    assert tags
    assert [tag for tag in tags if other in tag] == []


def test_every_module_ships_with_unchecked_byte_code_of_its_very_source(build: Build) -> None:
    wrong = []
    sources = list(build.folder.rglob("*.py"))
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        head = compiled.read_bytes()[:16] if compiled.exists() else b""
        expected = b"\xf3\x0d\x0d\x0a" + struct.pack("<I", UNCHECKED_HASH)
        if head != expected + importlib.util.source_hash(source.read_bytes()):
            wrong.append(str(source.relative_to(build.folder)))
    assert sources
    assert wrong == []


def test_no_module_of_the_artifact_is_compiled_at_start(build: Build) -> None:
    layer = build.layer(machine()) / "python"
    for name, properties in build.resources("Function").items():
        task = build.folder / properties["CodeUri"]
        # Like the runtime, boto3 comes from outside the artifact: from this environment.
        done = subprocess.run(
            [
                sys.executable,
                "-B",
                "-c",
                IMPORT_WITHOUT_COMPILING,
                build.folder,
                properties["Handler"].rpartition(".")[0],
            ],
            env={"AWS_DEFAULT_REGION": "eu-central-1", "PYTHONPATH": f"{task}:{layer}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"
        # Before it stands the environment's first line of log.
        loaded, *compiled = done.stdout.splitlines()[-1].split()
        assert int(loaded) > 0, f"{name} imported nothing from the build"
        assert compiled == [], f"{name} compiles at start"


@both_architectures
def test_all_functions_and_their_layer_stay_far_below_lambdas_limit(build: Build, architecture: str) -> None:
    folders = [build.folder / each["CodeUri"] for each in build.resources("Function").values()]
    files = [path for folder in [*folders, build.layer(architecture)] for path in folder.rglob("*") if path.is_file()]
    assert OWN_LIMIT < LAMBDA_LIMIT
    assert sum(path.stat().st_size for path in files) < OWN_LIMIT


@both_architectures
def test_the_layer_leaves_boto3_to_the_runtime_and_carries_no_commands(build: Build, architecture: str) -> None:
    carried = {path.name for path in (build.layer(architecture) / "python").iterdir()}
    assert {"msk_toolkit", "kafka", "msgspec", "cramjam"} <= carried
    # What kafka-python would take for packed records is there for the local system alone.
    assert carried.isdisjoint({"boto3", "botocore", "bin", "lz4", "snappy", "zstandard"})


def test_the_topics_function_carries_the_declared_topics(build: Build) -> None:
    (task,) = (path for path in build.parts().values() if (path / "topics.py").exists())
    assert (task / "topics.yaml").read_bytes() == (ROOT / "topics.yaml").read_bytes()
    assert not (task / "topics.yaml").is_symlink()


def test_the_composite_alarms_of_a_build_name_alarms_that_the_build_has(build: Build) -> None:
    template = yaml.safe_load((build.folder / "template.yaml").read_text(encoding="utf-8"))
    resources = dict(unrolled(template["Resources"]))
    alarms = {name for name, each in resources.items() if each["Type"] in ALARMS}
    rules = {name: each["Properties"]["AlarmRule"] for name, each in resources.items() if each["Type"] == ALARMS[1]}
    assert rules
    for name, rule in rules.items():
        # CloudFormation fills the names in; a rule without Fn::Sub would name "${...}" itself.
        named = re.findall(r'ALARM\("\$\{(\w+)\}"\)', rule["Fn::Sub"])
        assert named, name
        assert set(named) <= alarms - {name}
        assert not re.findall(r"ALARM\(\W*\w", re.sub(r'ALARM\("\$\{\w+\}"\)', "", rule["Fn::Sub"])), name


def test_an_unchanged_tree_builds_to_the_same_bytes_whatever_the_architecture(build: Build, tmp_path: Path) -> None:
    # So a build for a laptop's processor that ends in a deployment is the deployment's own.
    again = sam_build(tmp_path / "elsewhere" / "build", "x86_64")
    first = {name: content_hash(folder) for name, folder in build.parts().items()}
    assert {name: content_hash(folder) for name, folder in again.parts().items()} == first
    assert (again.folder / "template.yaml").read_bytes() == (build.folder / "template.yaml").read_bytes()


# SAM's own use of SAM's parts.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@both_architectures
def test_a_function_gets_the_layer_of_the_deployments_architecture(build: Build, architecture: str) -> None:
    # Slow to load, and every worker of `make test` loads every file of tests.
    from samcli.lib.providers.sam_function_provider import SamFunctionProvider
    from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

    (stack, *_), _ = SamLocalStackProvider.get_stacks(
        str(build.folder / "template.yaml"),
        parameter_overrides={"Architecture": architecture},
        language_extensions_enabled=True,
    )
    for function in SamFunctionProvider([stack]).get_all():
        assert function.architectures == [architecture]
        assert [Path(layer.codeuri) for layer in function.layers] == [build.layer(architecture)]
