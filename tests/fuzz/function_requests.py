"""Events of every function but the forwarder with something wrong in them, through the functions' own handlers.

What a handler asks of AWS, Kafka and Vantiq is answered here, as it would be by a healthy stack or by one that refuses
everything; a custom resource's answer is read as CloudFormation reads it.
"""

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

from tests.fuzz.frame import BrokenPromiseError
from tests.fuzz.functions import ROOT, Context, as_response, load_function, strict_output
from tests.fuzz.stack_around import (
    ENVIRONMENT,
    Patches,
    around_alarm_mail,
    around_connect,
    around_declared_topics,
    around_diagnose,
    around_matrix,
    around_probe,
    around_redrive,
    around_status,
    around_topics,
)
from tests.fuzz.values import changed, odd_value

_STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/5f1c"
_BUCKET = "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com"
_TOPIC = {
    "name": "orders",
    "partitions": 3,
    "replication_factor": 3,
    "config": {"retention.ms": "7d"},
    "protected": True,
}
_DECLARATION = {"defaults": {"partitions": 6, "replication_factor": 3}, "topics": [_TOPIC, {"name": "b"}]}
_RESOURCE = {
    "RequestType": "Create",
    "StackId": _STACK,
    "RequestId": "r-1",
    "LogicalResourceId": "DeclaredTopics",
    "ResourceProperties": {"ServiceToken": "arn", "Topics": _DECLARATION},
    "ResponseURL": f"{_BUCKET}/a?Signature=hush",
}
_RELAYED = {name: value for name, value in _RESOURCE.items() if name != "ResponseURL"} | {
    "AnswerWithinSeconds": 60,
    "RollsBack": False,
}
_CHECKED_TARGETS = _RESOURCE | {"ResourceType": "Custom::CheckedTargets"}


class _Kind(NamedTuple):
    """A function, valid events for it beside those of ``events/``, and what is around it."""

    function: str
    samples: tuple[Any, ...]
    around: Callable[[random.Random, Patches], None]


_KINDS = (
    _Kind(
        "topics",
        (
            *({"action": action, "topics": _DECLARATION, "all": True} for action in ("plan", "apply", "check")),
            {"action": "plan", "topics": [_TOPIC], "only": ["orders"]},
            {"action": "export", "after": "a", "only": ["orders"]},
            *(_RESOURCE, _RELAYED, _RESOURCE | {"RequestType": "Delete", "PhysicalResourceId": "p"}),
        ),
        around_topics,
    ),
    _Kind(
        "declared_topics",
        (_RESOURCE, _CHECKED_TARGETS, _CHECKED_TARGETS | {"RequestType": "Update"}),
        around_declared_topics,
    ),
    _Kind("producer_probe", ({"action": "write_record", "topic": "orders", "id": "0a1b2c3d"},), around_probe),
    _Kind(
        "consumer_probe", ({"action": "follow_record", "topic": "orders", "partition": 0, "offset": 42},), around_probe
    ),
    _Kind(
        "redrive",
        (
            {"action": "inspect", "name": "dead-letters/a", "payload": True},
            {"action": "import", "dry_run": False, "failure_topic": "failed"},
            {
                "action": "replay",
                "dry_run": False,
                "since": "2026-11-22T17:05:13Z",
                "limit": 3,
                "so_far": {"imported": 1},
            },
        ),
        around_redrive,
    ),
    _Kind(
        "connect",
        (
            {
                "action": "register",
                "source": {"topics": ["orders"], "group_id": "g", "properties": {"a": 1}},
                "test": True,
            },
            {
                "action": "plan",
                "network": "public",
                "auth_mode": "tls",
                "include": ["password"],
                "replace": ["MskSource"],
            },
            {"action": "register", "targets_only": True, "renew_secret": True},
        ),
        around_connect,
    ),
    _Kind("diagnose", ({"include": ["mapping"], "targets": ["b-1.shop:9096"]},), around_diagnose),
    _Kind("status", ({"widgetContext": {"theme": "dark"}, "describe": False}, {"action": "watch"}), around_status),
    _Kind("alarm_mail", (), around_alarm_mail),
    _Kind(
        "probe_matrix",
        ({"show": "history", "widgetContext": {"theme": "dark", "timeRange": {"start": 1.0, "end": 2.0}}},),
        around_matrix,
    ),
)


class Request(NamedTuple):
    """An event of a function, and the seed of what it meets."""

    kind: int
    event: Any
    fate: int


class FunctionRequests:
    """See :class:`tests.fuzz.frame.FuzzTarget`."""

    def __init__(self) -> None:
        self._modules: list[ModuleType] = []
        self._samples: list[list[Any]] = []
        with _environment():
            for kind in _KINDS:
                self._modules.append(load_function(kind.function))
                files = sorted((ROOT / "events").glob(f"{kind.function}*.json"))
                self._samples.append([*(json.loads(file.read_text()) for file in files), *kind.samples])

    def make(self, chance: random.Random) -> Request:
        """An event for one of the functions; a message within it is JSON in its turn."""
        number = chance.randrange(len(_KINDS))
        sample = chance.choice(self._samples[number])
        if _KINDS[number].function in {"alarm_mail", "redrive"} and chance.random() < 0.6:
            sample = _with_message(_KINDS[number].function, chance)
        event = odd_value(chance) if chance.random() < 0.02 else sample
        if chance.random() < 0.9:
            event = changed(event, chance)
        return Request(number, event, chance.getrandbits(32))

    def play(self, given: Request) -> str:
        """One invocation."""
        kind, module = _KINDS[given.kind], self._modules[given.kind]
        with _environment(), ExitStack() as stack, strict_output():
            patches = Patches(module, stack)
            kind.around(random.Random(given.fate), patches)  # noqa: S311 - a reproducible choice, not a secret
            as_response(module.handler(given.event, Context()))
        for text in patches.texts:
            text.encode()
            if "unexpected " in text:
                raise RuntimeError(text)
            if "hush" in text:
                raise BrokenPromiseError("a signed address is shown")
        return f"{kind.function}: answered"


@contextmanager
def _environment() -> Iterator[None]:
    with patch.dict(os.environ, ENVIRONMENT):
        yield


def _with_message(function: str, chance: random.Random) -> Any:
    """An event of a queue or a topic whose message was changed before it became text."""
    if function == "redrive":
        from tests.fakes.redrive_harness import failure, notification

        message: Any = changed(chance.choice((failure, notification))(), chance)
        return {"Records": [{"body": json.dumps(message)}, {"body": json.dumps(notification())}]}
    sample: Mapping[str, Any] = json.loads((ROOT / "events" / "alarm_mail.json").read_text())
    message = changed(json.loads(sample["Records"][0]["Sns"]["Message"]), chance)
    return {
        "Records": [
            {"EventSource": "aws:sns", "Sns": {"TopicArn": "arn:aws:sns:a:1:b", "Message": json.dumps(message)}}
        ]
    }
