"""A deployed stack as AWS answers ``mskv``, healthy until a test changes an answer."""

import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from mskv.aws.functions import Invoker
from mskv.aws.stack import read_stack
from mskv.command_line import commands
from mskv.place import Place
from mskv.progress import Silent
from mskv.verify.check import Check
from mskv.verify.events import EVENTS
from mskv.verify.run import verify
from mskv.verify.tools import Consent, Tools
from tests.fakes.aws_fake import FakeAws

type Json = dict[str, Any]

REGION, ACCOUNT, STACK = "eu-central-1", "123456789012", "shop"
UUID = "83020b7e-18b4-44eb-8825-07de4bf44cf0"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:shop-AlarmTopic-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:vantiq-token-a1b2c3"
ALARM = "shop-CertificateAlarm-1"
CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5"
WRITTEN = datetime(2026, 11, 28, 12, tzinfo=UTC)
HEALTHY = {"verdict": {"status": "healthy", "summary": "all 3 brokers pass every stage"}}


def refused(code: str, message: str = "words") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def function_name(logical_id: str) -> str:
    return f"{STACK}-{logical_id}"


def typed(*arguments: str, answers: str | None = None) -> Result:
    """A command of ``mskv`` about the stack; ``answers`` is standard input."""
    return CliRunner(mix_stderr=False).invoke(commands, [*arguments, "--stack", STACK], input=answers)


def healthy_answers() -> dict[str, Any]:
    """The functions' answers, by logical id."""
    return {
        "TopicsFunction": {"status": "planned", "plan": {"steps": [{"action": "unchanged", "topic": "orders"}]}},
        "DeclaredTopicsFunction": {"topicsFunction": "shop-topics"},
        "ProducerProbeFunction": HEALTHY,
        "ConsumerProbeFunction": HEALTHY,
        "ProbeMatrixFunction": "<div></div>",
        "StatusFunction": {"health": "healthy"},
        "AlarmMailFunction": {},
        "ConnectFunction": {"findings": []},
        "RedriveFunction": {"groups": []},
        "ForwarderFunction": {"batchItemFailures": []},
        "DiagnoseFunction": {
            "summary": "the listener in use works",
            "listeners": [
                {"network": "vpc", "protocol": "scram", "inUse": True, "status": "healthy", "summary": "all pass"}
            ],
        },
    }


def healthy_parameters() -> dict[str, str]:
    """The stack's parameters that the commands read."""
    return {
        "ClusterArn": CLUSTER,
        "AuthMode": "scram",
        "PollerMode": "on-demand",
        "ForwardTopics": "orders",
        "VantiqTokenSecretArn": SECRET,
        "VantiqUrl": "https://dev.vantiq.com",
        "VantiqTarget": "topic:/msk/{topic}",
        "AlarmEmail": "ops@example.com",
        "OnRefusal": "dead-letter",
        "TestRecords": "true",
    }


class World:
    """Its fields are what a test changes; ``answers`` are the functions', by logical id."""

    def __init__(self) -> None:
        self.status = "CREATE_COMPLETE"
        self.parameters = healthy_parameters()
        self.outputs: dict[str, str] = {}
        self.functions = list(EVENTS)
        self.traced = "PassThrough"
        self.mapping: Json | None = {
            "UUID": UUID,
            "Topics": ["orders"],
            "State": "Enabled",
            "StateTransitionReason": "USER_INITIATED",
            "LastProcessingResult": "OK",
        }
        self.alarm: Json = {"AlarmName": ALARM, "StateValue": "OK", "ActionsEnabled": True}
        self.subscription: Json | None = {
            "Protocol": "email",
            "Endpoint": "ops@example.com",
            "SubscriptionArn": "arn:x",
        }
        self.log_group: Json = {"logGroupName": "/aws/lambda/shop-ForwarderFunction", "retentionInDays": 30}
        self.answers = healthy_answers()
        self.events: list[tuple[str, Any]] = []
        # Of the marked record: names of its dead letters, and what was deleted.
        self.letters: list[str] = []
        self.deleted: list[str] = []
        # Of letters, by name.
        self.bodies: dict[str, bytes | Exception] = {}
        self.metrics: list[Json] = []
        self.secret: str | None = '{"token": "old-token", "owner": "ops"}'
        self.secrets_written: list[tuple[str, str]] = []
        # By logical id: the lines of a function's log, or an error; times in milliseconds since 1970.
        self.logs: dict[str, list[tuple[int, str]] | Exception] = {}
        # Mappings that were enabled or disabled.
        self.switched: list[tuple[str, bool]] = []
        self.aws = FakeAws(**self._calls())

    def run(self, consent: Consent | None = None) -> list[Check]:
        """Verify it."""
        ticks = iter(range(0, 10_000, 5))

        def clock() -> float:
            return float(next(ticks))

        invoker = Invoker(lambda timeout: self.aws("lambda"), clock, lambda seconds: None)
        tools = Tools(self.aws, self.aws, invoker, Silent(), clock)
        return verify(read_stack(self.aws, STACK, REGION), tools, consent or Consent())

    def place(self) -> Place:
        """Where a command finds it."""
        session: Any = SimpleNamespace(client=lambda service, **_: self.aws(service))
        return Place(session, REGION, STACK)

    def _calls(self) -> Json:
        return {
            "get_caller_identity": {"Account": ACCOUNT},
            "describe_stacks": lambda **_: {"Stacks": [self._stack()]},
            "list_stack_resources": lambda **_: {"StackResourceSummaries": self._resources()},
            "get_function_configuration": self._configuration,
            "list_event_source_mappings": lambda **_: {"EventSourceMappings": [self.mapping] if self.mapping else []},
            "describe_alarms": lambda **_: {"MetricAlarms": [self.alarm]},
            "list_subscriptions_by_topic": lambda **_: {
                "Subscriptions": [self.subscription] if self.subscription else []
            },
            "describe_log_groups": lambda **_: {"logGroups": [self.log_group]},
            "list_objects_v2": lambda **asked: {
                "Contents": [
                    {"Key": name, "LastModified": WRITTEN} for name in self.letters if name.startswith(asked["Prefix"])
                ]
            },
            "get_object": self._get_object,
            "delete_object": self._delete,
            "update_event_source_mapping": self._update_mapping,
            "get_secret_value": lambda **_: {"VersionId": "v1", "SecretString": self.secret},
            "put_secret_value": self._put_secret,
            "filter_log_events": self._filter_log_events,
            "list_metrics": lambda **_: {"Metrics": self.metrics},
            "publish": {"MessageId": "message-1"},
            "invoke": self._invoke,
        }

    def _stack(self) -> Json:
        outputs = {"AlarmTopic": TOPIC_ARN, "DeadLetterBucket": "letters", **{name: name for name in EVENTS}}
        outputs |= self.outputs
        return {
            "StackStatus": self.status,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()],
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        }

    def _resources(self) -> list[Json]:
        named = [(name, function_name(name), "AWS::Lambda::Function") for name in self.functions]
        named += [("DeadLetterBucket", "letters", "AWS::S3::Bucket")]
        named += [("Forwardorders", UUID, "AWS::Lambda::EventSourceMapping")]
        named += [("CertificateAlarm", ALARM, "AWS::CloudWatch::Alarm")]
        return [
            {"LogicalResourceId": logical, "PhysicalResourceId": physical, "ResourceType": kind}
            for logical, physical, kind in named
        ]

    def _configuration(self, *, FunctionName: str) -> Json:  # noqa: N803 - AWS's own name
        return {
            "FunctionName": FunctionName,
            "Timeout": 60,
            "TracingConfig": {"Mode": self.traced},
            "LoggingConfig": {"LogGroup": f"/aws/lambda/{FunctionName}"},
        }

    def _put_secret(self, *, SecretId: str, SecretString: str, **_: Any) -> Json:  # noqa: N803 - AWS's own names
        self.secret = SecretString
        self.secrets_written.append((SecretId, SecretString))
        return {"VersionId": "v2"}

    def _filter_log_events(self, **asked: Any) -> Json:
        """Pages of one line each."""
        lines = self.logs.get(asked["logGroupName"].removeprefix(f"/aws/lambda/{STACK}-"), [])
        if isinstance(lines, Exception):
            raise lines
        at = int(asked.get("nextToken", "0"))
        later = [line for line in lines if line[0] >= asked["startTime"]]
        page: Json = {
            "events": [{"timestamp": time, "eventId": f"{at}", "message": text} for time, text in later[at:][:1]]
        }
        if at + 1 < len(later):
            page["nextToken"] = str(at + 1)
        return page

    def _get_object(self, *, Bucket: str, Key: str) -> Json:  # noqa: N803 - AWS's own names
        body = self.bodies[Key]
        if isinstance(body, Exception):
            raise body
        return {"Body": io.BytesIO(body)}

    def _delete(self, *, Bucket: str, Key: str) -> Json:  # noqa: N803 - AWS's own names
        self.deleted.append(Key)
        return {}

    def _update_mapping(self, *, UUID: str, Enabled: bool) -> Json:  # noqa: N803 - AWS's own names
        self.switched.append((UUID, Enabled))
        return {"UUID": UUID, "State": "Enabling" if Enabled else "Disabling"}

    def _invoke(self, *, FunctionName: str, Payload: bytes) -> Json:  # noqa: N803 - AWS's own names
        name, event = FunctionName.removeprefix(f"{STACK}-"), json.loads(Payload)
        self.events.append((name, event))
        answer = self.answers[name]
        if callable(answer):
            answer = answer(event)
        if isinstance(answer, Exception):
            raise answer
        response: Json = {"Payload": io.BytesIO(json.dumps(answer).encode())}
        if isinstance(answer, dict) and "errorMessage" in answer:
            response["FunctionError"] = "Unhandled"
        return response
