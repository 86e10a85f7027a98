"""Every handler at DEBUG, with peers that accept and peers that refuse and repeat: no secret is in anything it shows.

Takes some seconds: each function is loaded and run twice, with TLS and HTTP on loopback.
"""

import base64
import json
import logging
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.fault_listeners import closed_port
from tests.fakes.telling_peers import KEY, PAYLOAD, SECRETS, SESSION, SIGNED, TOKEN, Peers, telling_peers
from tests.integration.handlers import Context, load_handler
from tests.unit.test_documents import RESOURCES, ROOT

pytestmark = pytest.mark.enable_socket

EVENTS = ROOT / "events"
# What a library could say of a login or a signature, whatever the secret was.
TRACES = (r"\br=[\w+/=,-]{16,}", r"\bp=[\w+/]{40,}", r"Signature=[0-9a-f]{32,}")
# Packages whose loggers a handler may leave at DEBUG, and what they say there; telemetry/logs.py holds the others.
MAY_SPEAK = {
    "aws_lambda_powertools": "metrics' names and values",
    "bcdocs": "botocore's documentation, which no handler builds",
    "msk_toolkit": "the toolkit's own lines",
}
CASES = [
    *product(RESOURCES, ("good", "bad")),
    *product(("topics", "producer_probe", "consumer_probe", "diagnose"), ("gone",)),
    *product(("forwarder", "redrive", "connect"), ("behind a proxy",)),
]
# Of the standard library; none gets what a function handles.
STANDARD = {"asyncio", "concurrent"}
HELD = ("boto3", "botocore", "kafka", "s3transfer", "urllib3", "websockets")


@pytest.fixture(autouse=True)
def everything_at_debug() -> Iterator[None]:
    """The root and each package's logger at DEBUG before the handlers are loaded, as in a new environment."""
    names = list(logging.root.manager.loggerDict)
    levels = [(logger, logger.level) for logger in (logging.getLogger(), *map(logging.getLogger, names))]
    for logger, _ in levels:
        logger.setLevel(logging.NOTSET if "." in logger.name else logging.DEBUG)
    yield
    for logger, level in levels:
        logger.setLevel(level)


def environment(function: str, peers: Peers, brokers: str) -> dict[str, str]:
    example = json.loads((EVENTS / "env.example.json").read_text())
    return {
        **example["Parameters"],
        **example.get(RESOURCES[function], {}),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_SESSION_TOKEN": SESSION,
        "AWS_REGION": "eu-central-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL": peers.aws,
        "AWS_LAMBDA_FUNCTION_NAME": f"shop-{function}",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "ADVANCED_SETTINGS": '{"STAGE_TIMEOUT_SECONDS": 1}',
        "BOOTSTRAP_SERVERS": brokers,
        "TRUSTED_CA": peers.authority,
        "VANTIQ_URL": peers.vantiq,
        "LAMBDA_TASK_ROOT": str(ROOT / "functions" / function),
        "ALARM_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:alarms",
        "STACK_NAME": "shop",
    }


def events(function: str, peers: Peers) -> list[Any]:
    """What each function is asked, with secrets where a request holds some."""
    if function in {"declared_topics", "topics"}:
        request = {
            "RequestType": "Create",
            "ResponseURL": f"{peers.aws}/answer?X-Amz-Signature={SIGNED}",
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/1",
            "RequestId": "r",
            "LogicalResourceId": "AppliedTopics",
            "ResourceProperties": {"ServiceToken": "t"},
        }
        return [request, {"action": "plan"}]
    if function == "forwarder":
        event = json.loads((EVENTS / "forwarder.json").read_text())
        for records in event["records"].values():
            for record in records:
                record["value"] = base64.b64encode(json.dumps({"text": PAYLOAD}).encode()).decode()
        return [event]
    if function == "connect":
        return [{"action": "plan"}, {"action": "check"}]
    if function == "alarm_mail":
        return [json.loads((EVENTS / "alarm_mail.json").read_text())]
    if function == "redrive":
        return [{"action": "list"}, {"action": "replay", "dry_run": False}]
    return [{}]


def run(handler: Any, event: Any) -> str:
    """The response, or the exception as Lambda would log it."""
    try:
        return json.dumps(handler(event, Context(9)), default=str)
    except Exception:  # noqa: BLE001 - whatever it is, Lambda logs it
        return traceback.format_exc()


def places(pattern: str, text: str) -> list[str]:
    """What is before each match, so that a failure says who showed it."""
    return [text[max(0, match.start() - 300) : match.end()] for match in re.finditer(pattern, text)]


@pytest.mark.parametrize(("function", "peers_are"), CASES)
def test_no_handler_shows_a_secret_at_debug(
    function: str,
    peers_are: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ExitStack() as stack:
        peers = stack.enter_context(telling_peers(tmp_path, good=peers_are == "good"))
        brokers = peers.broker
        if peers_are == "gone":
            brokers = f"127.0.0.1:{stack.enter_context(closed_port())}"
        given = environment(function, peers, brokers)
        if peers_are == "behind a proxy":
            proxy = {"VANTIQ_PROXY": peers.proxy, "VANTIQ_PROXY_SECRET_ARN": "arn:proxy"}
            given |= {"VANTIQ_URL": "https://vantiq.invalid", **proxy}
        handler = load_handler(function, monkeypatch, given)
        shown = [run(handler, event) for event in events(function, peers)]
    printed = capfd.readouterr()
    everything = "\n".join([*shown, printed.out, printed.err, caplog.text])
    encoded = [base64.b64encode(secret.encode()).decode().rstrip("=") for secret in SECRETS]
    assert [place for secret in (*SECRETS, *encoded) for place in places(re.escape(secret), everything)] == []
    assert [place for trace in TRACES for place in places(trace, everything)] == []
    # What is stored may hold the record, which is what it is for, and nothing that let it be sent.
    stored = b"\n".join(body for body in peers.sent if b'"refusal"' in body)
    assert TOKEN.encode() not in stored


def test_every_package_of_the_layer_or_the_runtime_with_a_logger_is_held_or_known() -> None:
    """A library that is new in a handler's process, or begins to log, is looked at before it may speak."""
    program = (
        "import importlib, json, logging, pkgutil\n"
        "import msk_toolkit\n"
        "for module in pkgutil.walk_packages(msk_toolkit.__path__, 'msk_toolkit.'):\n"
        "    importlib.import_module(module.name)\n"
        "import boto3\n"
        "boto3.client('s3', region_name='eu-central-1')\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in logging.root.manager.loggerDict})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "layers" / "msk_toolkit"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(json.loads(done.stdout)) - {*HELD, *MAY_SPEAK} - STANDARD == set()
