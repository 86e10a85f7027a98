"""The handlers: short, thin, and started with nothing that they have no use for."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDLERS = sorted(path for path in (ROOT / "functions").glob("*/*.py") if path.stem == path.parent.name)
LONGEST_HANDLER = 15
# What a function's own code may import; everything else is the toolkit's business.
ALLOWED = {"msk_toolkit", "msgspec"} | sys.stdlib_module_names
HEAVY = {
    "boto3",
    "kafka",
    "yaml",
    "urllib3",
    "msk_toolkit.kafka",
    "msk_toolkit.topics",
    "msk_toolkit.probe",
    "msk_toolkit.forward",
    "msk_toolkit.redrive",
    "msk_toolkit.connect",
    "msk_toolkit.diagnose",
    "msk_toolkit.deployment",
    "msk_toolkit.vpc",
    "websockets",
}
USED = {
    # boto3 comes where a request needs it: the usual ones are sent without (msk_toolkit.aws.direct_client).
    "topics": {"kafka", "yaml", "msk_toolkit.kafka", "msk_toolkit.topics"},
    # Where the topics function gives no answer, it decides by the same rules; their types bring Kafka's along. Of what
    # connect answers it reads the JSON.
    "declared_topics": {
        "boto3",
        "kafka",
        "yaml",
        "urllib3",
        "msk_toolkit.kafka",
        "msk_toolkit.topics",
        "msk_toolkit.deployment",
    },
    "producer_probe": {"kafka", "msk_toolkit.kafka", "msk_toolkit.probe"},
    "consumer_probe": {"kafka", "msk_toolkit.kafka", "msk_toolkit.probe"},
    "probe_matrix": {"boto3", "urllib3", "msk_toolkit.probe"},
    "alarm_mail": {"boto3", "urllib3", "msk_toolkit.probe", "msk_toolkit.diagnose", "msk_toolkit.vpc"},
    "forwarder": {"msk_toolkit.forward"},
    # Registering a source subscribes to it once, to see a test message arrive.
    "connect": {"boto3", "urllib3", "websockets", "msk_toolkit.connect"},
    # It registers nothing, so it needs neither connect nor a web socket.
    "diagnose": {
        "boto3",
        "kafka",
        "urllib3",
        "msk_toolkit.kafka",
        "msk_toolkit.probe",
        "msk_toolkit.diagnose",
        "msk_toolkit.vpc",
    },
    # It judges by the tables of diagnose, and counts letters by the names that the forwarder gives them.
    "status": {
        "boto3",
        "urllib3",
        "msk_toolkit.probe",
        "msk_toolkit.forward",
        "msk_toolkit.redrive",
        "msk_toolkit.diagnose",
        "msk_toolkit.vpc",
    },
    # It renews the sources that connect has registered.
    "scram_rotation": {"boto3", "kafka", "urllib3", "msk_toolkit.kafka", "msk_toolkit.connect"},
    # kafka-python comes with the first notice that needs it.
    "redrive": {"boto3", "urllib3", "msk_toolkit.kafka", "msk_toolkit.forward", "msk_toolkit.redrive"},
}


def imported(tree: ast.AST) -> set[str]:
    """The top-level names of all that a module imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.stem)
def test_a_handler_is_short_and_leaves_libraries_to_the_toolkit(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (handler,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert handler.name == "handler"
    assert [argument.arg for argument in handler.args.args] == ["event", "context"]
    assert (handler.end_lineno or 0) - handler.lineno < LONGEST_HANDLER
    assert imported(tree) <= ALLOWED


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.stem)
def test_a_function_starts_with_nothing_that_it_does_not_use(path: Path) -> None:
    program = f"import json, sys, {path.stem}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=path.parent,
        env={"PYTHONPATH": str(ROOT / "layers" / "msk_toolkit"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = HEAVY & set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded == USED[path.stem]
