"""What the layers leave out of their libraries is needed by nothing that they carry, and their records say so."""

import base64
import csv
import hashlib
import importlib.metadata
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import prune
import pytest

from benchmarks.cold_start_functions import machine
from tests.template.built import ROOT, Build
from tests.template.layer_imports import imports, module_name

SOURCES = ROOT / "layers" / "msk_toolkit"
LIST = (SOURCES / "left-out.txt").read_text(encoding="utf-8")
# Where this environment has the same libraries, whole.
INSTALLED = Path(str(importlib.metadata.distribution("kafka-python").locate_file(""))).resolve()
ARCHITECTURES = ("arm64", "x86_64")
# Before anything was left out the layer was 23.8 MB, in a zip file 9.1 MB: a third less, without the toolkit's own code
# (3.58 and 1.73 MB when this was set), which may grow.
UNZIPPED_LIMIT = 15_900_000 - 3_580_000
ZIPPED_LIMIT = 6_070_000 - 1_730_000

# Imports that lead to what is left out and that never run here.
NEVER_RUN = {
    ("aws_lambda_powertools.shared.functions", "aws_lambda_powertools.event_handler"): "values of event handlers",
}

# Runs every import of the toolkit and its functions, also those inside functions, with the layer and boto3's packages
# and nothing else.
RUN_EVERY_IMPORT = """
import ast, importlib, pathlib, sys, sysconfig

runtime = {"boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six"}

class OnlyTheRuntimes:
    def find_spec(self, name, path=None, target=None):
        if path is None and name.partition(".")[0] not in runtime | carried | set(sys.stdlib_module_names):
            raise ModuleNotFoundError(f"neither the layer nor the runtime has {name}", name=name)

layer, schemas, *tasks = map(pathlib.Path, sys.argv[1:])
carried = {path.name.partition(".")[0] for folder in (layer, schemas, *tasks) for path in folder.iterdir()}
sys.meta_path.insert(0, OnlyTheRuntimes())
sys.path[:0] = [str(layer), str(schemas), *map(str, tasks)]
sources = [*(layer / "msk_toolkit").rglob("*.py"), *(path for task in tasks for path in task.rglob("*.py"))]
statements = set()
for source in sources:
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not getattr(node, "level", 0):
            statements.add(ast.unparse(node))
for statement in sorted(statements):
    exec(statement, {})
for source in (layer / "msk_toolkit").rglob("*.py"):
    parts = source.relative_to(layer).with_suffix("").parts
    importlib.import_module(".".join(part for part in parts if part != "__init__"))
print(len(statements))
"""


def libraries(build: Build) -> Path:
    return build.layer(machine()) / "python"


def left_out() -> set[str]:
    """The modules that are left out, by their dotted names."""
    paths: list[Path] = []
    for action, pattern in prune.rules(LIST):
        if action == "remove" and "**" not in pattern:
            path = INSTALLED / pattern
            paths += path.rglob("*.py") if path.is_dir() else [path]
    return {module_name(path, INSTALLED) for path in paths}


def test_each_line_of_the_list_still_leaves_something_out() -> None:
    idle = [rule for rule in prune.rules(LIST) if next(INSTALLED.glob(rule[1]), None) is None]
    assert idle == [], "the libraries no longer have these: take the lines out of left-out.txt"


def test_nothing_that_is_carried_imports_what_is_left_out(build: Build) -> None:
    folder, gone = libraries(build), left_out()
    assert gone
    wrong = []
    for path in folder.rglob("*.py"):
        name = module_name(path, folder)
        for module, member in imports(path, folder):
            missing = gone & {module, f"{module}.{member}"}
            known = any(name == where and module.startswith(what) for where, what in NEVER_RUN)
            if missing and not known:
                wrong.append(f"{name}: {sorted(missing)}")
    assert wrong == []


def test_nothing_takes_a_name_from_a_package_that_was_emptied(build: Build) -> None:
    folder = libraries(build)
    emptied = {module_name(folder / file, folder) for action, file in prune.rules(LIST) if action == "empty"}
    wrong = []
    for path in folder.rglob("*.py"):
        for module, member in imports(path, folder):
            submodule = folder / module.replace(".", "/") / (member or "")
            is_there = submodule.is_dir() or submodule.with_suffix(".py").is_file()
            if module in emptied and member and not is_there:
                wrong.append(f"{module_name(path, folder)}: {member} of {module}")
    assert len(emptied) == 2
    assert wrong == []


def test_every_import_of_the_toolkit_and_its_functions_works_with_the_layers_and_boto3_alone(build: Build) -> None:
    schemas = build.schema_layer(machine()) / "python"
    tasks = [build.folder / each["CodeUri"] for each in build.resources("Function").values()]
    done = subprocess.run(
        [sys.executable, "-B", "-c", RUN_EVERY_IMPORT, libraries(build), schemas, *tasks],
        env={"AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.splitlines()[-1]) > 300


# What kafka-python imports late, on errors and for packed records. Real brokers and the web
# socket follow in the tests of the whole system, which runs the built layer.
@pytest.mark.parametrize("files", ["kafka_codecs kafka_error_codes kafka_nonsense kafka_packed kafka_sasl"])
def test_the_toolkits_own_tests_pass_on_the_layers_libraries(build: Build, files: str) -> None:
    tests = [f"tests/unit/test_{file}.py" for file in files.split()]
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "--override-ini=pythonpath=."]
    check = f"import kafka; assert kafka.__file__.startswith({str(build.folder)!r}), kafka.__file__"
    environment = {**os.environ, "PYTHONPATH": str(libraries(build))}
    subprocess.run([sys.executable, "-c", check], env=environment, check=True, timeout=60)
    done = subprocess.run(
        [*command, *tests], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_records_of_the_libraries_name_exactly_what_is_there(build: Build, architecture: str) -> None:
    folder = build.layer(architecture) / "python"
    rows = []
    for record in folder.glob("*.dist-info/RECORD"):
        with record.open(newline="", encoding="utf-8") as file:
            rows += list(csv.reader(file))
    recorded = {name: digest for name, digest, _ in rows if digest}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    ours = {
        name for name in there if name.startswith("msk_toolkit/") or "__pycache__" in name or name.endswith("RECORD")
    }
    assert set(recorded) == there - ours
    for name, digest in recorded.items():
        hashed = base64.urlsafe_b64encode(hashlib.sha256((folder / name).read_bytes()).digest()).decode().rstrip("=")
        assert digest == f"sha256={hashed}", name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_license_of_a_library_is_in_the_layer_unchanged(build: Build, architecture: str) -> None:
    folder = build.layer(architecture) / "python"
    infos = sorted(folder.glob("*.dist-info"))
    assert len(infos) > 7
    for info in infos:
        own = INSTALLED / info.name
        files = [path.relative_to(own) for path in own.rglob("*") if path.is_file()]
        licenses = [path for path in files if "licen" in str(path).lower()]
        assert licenses, info.name
        for path in (*licenses, Path("METADATA")):
            assert (info / path).read_bytes() == (own / path).read_bytes(), info.name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_layer_is_a_third_smaller_than_with_all_of_its_libraries(build: Build, architecture: str) -> None:
    folder = build.layer(architecture)
    own = folder / "python" / "msk_toolkit"
    files = [path for path in folder.rglob("*") if path.is_file() and own not in path.parents]
    # As SAM packs it.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    unzipped, zipped = sum(path.stat().st_size for path in files), len(packed.getvalue())
    assert (unzipped < UNZIPPED_LIMIT, zipped < ZIPPED_LIMIT) == (True, True), f"{unzipped:,} and {zipped:,} bytes"
