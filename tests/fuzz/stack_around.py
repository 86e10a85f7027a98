"""What is around a function when its events are fuzzed: patched into its modules for one invocation."""

import io
import json
import random
from contextlib import ExitStack, nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import msgspec
from botocore.exceptions import ClientError
from msk_toolkit.aws import custom_resource
from msk_toolkit.connect import events as connect_events
from msk_toolkit.connect import kafka_topics
from msk_toolkit.connect.register import register
from msk_toolkit.errors import AwsError
from msk_toolkit.probe import invocation
from msk_toolkit.redrive import events as redrive_events
from msk_toolkit.status import event as status_event
from msk_toolkit.topics import events as topics_events
from msk_toolkit.topics import run as topics_run
from msk_toolkit.topics.plan import plan
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse

from tests.fakes.kafka_events import record
from tests.fakes.path_facts import healthy_facts
from tests.fakes.redrive_harness import RECORDS, RedriveHarness, as_fetched, failure, put
from tests.fakes.topics_model import cluster, standing
from tests.fuzz.functions import ROOT
from tests.fuzz.values import changed, changed_octets

ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "CLUSTER_ARN": "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5",
    "AUTH_MODE": "tls",
    "BOOTSTRAP_SERVERS": "b-1.shop.example:9094",
    "TOPICS_FILE": str(ROOT / "functions" / "topics" / "topics.yaml"),
    "TOPICS_FUNCTION": "shop-topics",
    "CONNECT_FUNCTION": "shop-connect",
    "STACK_NAME": "shop",
    "ALARM_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:shop-alarms",
    "DEAD_LETTER_BUCKET": "letters",
    "VANTIQ_URL": "https://v",
    "VANTIQ_TOKEN_SECRET_ARN": "s",
    "VANTIQ_TARGET": "topic:/msk/{topic}",
    "FORWARD_TOPICS": "orders",
    "PROBE_TOPIC": "probes",
    "CONSUMER_GROUP": "probes",
    "WRITABLE_TOPICS": "orders",
    "PRODUCER_PROBE_LOGS": "/aws/lambda/a",
    "CONSUMER_PROBE_LOGS": "/aws/lambda/b",
    "POWERTOOLS_METRICS_NAMESPACE": "fuzz",
}


class Patches:
    """Replaces names of modules until the invocation has ended.

    Args:
        module: the function's own.
    """

    def __init__(self, module: ModuleType, stack: ExitStack) -> None:
        self.module = module
        self._stack = stack
        # What was sent to others, to be looked at.
        self.texts: list[str] = []

    def set(self, module: ModuleType, name: str, value: Any) -> None:
        """Replace a name."""
        self._stack.enter_context(patch.object(module, name, value))

    def note(self, *arguments: Any, **named: Any) -> int:
        """Take down what was sent to a peer, which is content with it."""
        for value in (*arguments, *named.values()):
            if isinstance(value, bytes):
                self.texts.append(value.decode())
            elif isinstance(value, str):
                self.texts.append(value)
        return 200

    def answer_cloudformation(self) -> None:
        """Take down the answer instead of sending it."""
        self.set(custom_resource, "_put", lambda url, body, seconds: self.note(body))


class _Refusing:
    """A client of any service that refuses everything."""

    meta = SimpleNamespace(region_name="eu-central-1")

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, name)

        return call


def _refusing(service: str) -> Any:
    return _Refusing()


class _Invoked:
    """A client of Lambda whose every function returns this."""

    def __init__(self, result: bytes) -> None:
        self._result = result

    def invoke(self, **_: Any) -> dict[str, Any]:
        """See boto3."""
        return {"Payload": io.BytesIO(self._result)}


def around_topics(chance: random.Random, patches: Patches) -> None:
    """A cluster with some topics; AWS refuses."""

    def run_topics(request: TopicsRequest, settings: Any, client: Any, deadline: Any) -> TopicsResponse:
        declared = request.topics
        if declared is None:
            declared = topics_run.declared_topics(settings)
        topics_run._check_only(request, declared)
        if request.action in {"delete", "export"}:
            return TopicsResponse(
                request.action, "refused", "nothing", problems=[entry.topic for entry in request.delete]
            )
        observed = cluster(standing("orders", 3, 3, retention_ms="86400000"), standing("b", 9, 2))
        return topics_run._reported(request, plan(declared, observed, list_all=request.all), [])

    patches.set(topics_events, "run_topics", run_topics)
    patches.set(patches.module, "client", _refusing)
    patches.answer_cloudformation()


def around_declared_topics(chance: random.Random, patches: Patches) -> None:
    """The topics function and connect answer something; AWS refuses everything else."""
    answers: tuple[Any, ...] = (
        {"status": "SUCCESS", "reason": "2 created", "created": 2, "changed": 0, "excused": False},
        {
            "status": "checked",
            "targets": [{"target": "t", "state": "unfit", "reason": "r", "remedy": "m"}],
            "problems": [],
        },
    )
    result = json.dumps(changed(chance.choice(answers), chance)).encode()
    if chance.random() < 0.3:
        result = changed_octets(result, chance)
    patches.set(patches.module, "client", _refusing)
    patches.set(patches.module, "invoking_client", lambda: _Invoked(result))
    patches.answer_cloudformation()


def around_probe(chance: random.Random, patches: Patches) -> None:
    """The cluster can't be reached."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AwsError("not reached")

    for name in ("run_probe", "write_record", "follow_record"):
        patches.set(invocation, name, refuse)
    patches.set(invocation, "cluster_access", lambda *_: None)
    patches.set(patches.module, "client", _refusing)


def around_redrive(chance: random.Random, patches: Patches) -> None:
    """A bucket with letters and failure objects, some of them changed."""
    harness = RedriveHarness()
    names = harness.write(record(0), record(1, b"\xff"), record(2))
    names += [put(harness, failure(), number) for number in range(2)]
    for name in names:
        dice = chance.random()
        if dice < 0.3:
            harness.s3.objects[name] = json.dumps(changed(json.loads(harness.s3.objects[name]), chance)).encode()
        elif dice < 0.4:
            harness.s3.objects[name] = changed_octets(harness.s3.objects[name], chance)
    harness.s3.put_object(Key="dead-letters/a", Body=harness.s3.objects[names[0]])
    harness.fetched = [as_fetched(RECORDS[:2])]
    patches.set(redrive_events, "redrive_services", lambda *_: harness.services)


def around_connect(chance: random.Random, patches: Patches) -> None:
    """A Vantiq with instances of any form; AWS refuses, Kafka has every topic."""
    vantiq = _Resources(chance)

    def registrar(settings: Any, client: Any, deadline: Any, *, write: bool) -> Any:
        def carry_out(desired: Any, findings: Any) -> Any:
            return register(vantiq, lambda source: nullcontext(_Arrivals()), desired, findings, write=write)

        return carry_out

    patches.set(connect_events, "registrar", registrar)
    patches.set(connect_events, "check_targets", lambda *_: (_ for _ in ()).throw(AwsError("not asked")))
    patches.set(kafka_topics, "topic_findings", lambda *_: [])
    patches.set(patches.module, "client", _refusing)


class _Arrivals:
    """A source that receives something at once."""

    def wait_for(self, text: str, seconds: float, /) -> Any:
        """What was sent."""
        return {"value": text}


class _Resources:
    """Instances that are there by chance; what is written must be JSON."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def find(self, kind: str, name: str) -> Any:
        """An instance in order, a changed one, or none."""
        if self._chance.random() < 0.3:
            return None
        instance: Any = {"name": name, "type": "KAFKA", "config": {"bootstrap.servers": "b-1.shop.example:9094"}}
        instance |= {
            "active": True,
            "isReliable": True,
            "autoUnwind": False,
            "properties": {"value": {"type": "Object"}},
        }
        try:
            made = msgspec.json.decode(json.dumps(changed(instance, self._chance)))
        except msgspec.DecodeError:
            return instance  # Vantiq's answers are read by msgspec, which refuses this one
        return made if isinstance(made, dict) else instance

    def within(self, seconds: float) -> "_Resources":
        """The same."""
        return self

    def create(self, kind: str, instance: dict[str, Any]) -> None:
        """As the real one encodes it."""
        msgspec.json.encode(instance)

    def update(self, kind: str, name: str, changes: dict[str, Any]) -> None:
        """As the real one encodes it."""
        msgspec.json.encode(changes)

    def set_active(self, source: str, *, active: bool) -> None:
        """As the real one makes its path."""
        f"sources/{source}".encode("ascii")

    def publish_through(self, source: str, topic: str, message: dict[str, Any]) -> None:
        """As the real one encodes it."""
        msgspec.json.encode({"topic": topic, "message": message})


def around_diagnose(chance: random.Random, patches: Patches) -> None:
    """Nothing can be found out."""

    def refuse(*_: Any) -> Any:
        raise AwsError("not reached")

    patches.set(patches.module, "run_diagnosis", refuse)


def around_status(chance: random.Random, patches: Patches) -> None:
    """A healthy path."""
    patches.set(status_event, "read_path", lambda *_: healthy_facts())
    patches.set(patches.module, "client", _refusing)


def around_alarm_mail(chance: random.Random, patches: Patches) -> None:
    """The status function answers something; the log can't be read; mails are taken down."""
    result = json.dumps({"problems": [], "topics": []}).encode()
    if chance.random() < 0.5:
        result = changed_octets(result, chance)

    class Account(_Refusing):
        publish = staticmethod(patches.note)

    patches.set(patches.module, "client", lambda service: Account())
    patches.set(patches.module, "invoking_client", lambda: _Invoked(result))


def around_matrix(chance: random.Random, patches: Patches) -> None:
    """The logs can't be read."""
    patches.set(patches.module, "client", _refusing)
