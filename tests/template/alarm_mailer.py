"""The alarm mail function beside a stack's alarms: it reads what the functions printed, and its mails are kept."""

import io
import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from msk_toolkit.alarms.document import AlarmMail
from msk_toolkit.alarms.run import MailServices, mail_alarms
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.status import StatusSettings
from msk_toolkit.status.judge import path_status
from msk_toolkit.status.read import StatusSource, read_path

from local.alarms.evaluation import Change
from local.alarms.notifications import Place, notification
from tests.fakes.alarm_events import sns_event
from tests.fakes.kafka_events import ARN

STACK, REGION = "shop", "eu-central-1"
# 2026-11-28T00:00:00Z; an alarm world's clock begins at 0.
MIDNIGHT = 1_795_824_000.0
_OWN = f"/aws/lambda/{STACK}-alarm-mail"
_STATE_TOPIC = f"arn:aws:sns:{REGION}:123456789012:shop-AlarmStateTopic-1"
_ENVIRONMENT = {"STACK_NAME": STACK, "ALARM_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:shop-AlarmTopic-1"}


class AlarmMailer:
    """Logs, mappings, bucket, SNS and the status function, for one stack; ``objects`` are names in the bucket."""

    def __init__(self) -> None:
        self.mails: list[AlarmMail] = []
        self.objects: list[str] = []
        self.mappings = {"orders": "Enabled"}
        self._lines: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._now = MIDNIGHT
        # A logger keeps the handler of its first use.
        self._logger = Logger(service=f"alarm-mailer-{id(self)}", logger_handler=_OwnLog(self))

    def printed(self, at: float, text: str) -> None:
        """What a function printed; its lines name it."""
        for line in text.splitlines():
            service = _service(line)
            if service:
                self._lines[f"/aws/lambda/{service}"].append((MIDNIGHT + at, line))

    def wrote(self, line: str) -> None:
        """A line of the function's own log."""
        self._lines[_OWN].append((self._now, line))

    def change(self, change: Change, definition: Mapping[str, Any], at: float) -> None:
        """An alarm changed its state: CloudWatch publishes, SNS invokes the function."""
        self._now = MIDNIGHT + at
        name = definition.get("AlarmName", f"{STACK}-{change.name}-1ABCDEFGHIJKL")
        named = msgspec.structs.replace(change, name=name)
        place = Place(REGION, "123456789012")
        message = notification(named, definition, place, datetime.fromtimestamp(self._now, UTC)).message
        services = MailServices(_ENVIRONMENT, lambda _: self, lambda: self, self._logger, lambda: self._now)
        mail_alarms(sns_event(message, topic=_STATE_TOPIC), services, Deadline(30))

    def publish(self, **request: Any) -> None:
        """SNS's call."""
        text = json.loads(request["Message"])["sqs"]
        self.mails.append(msgspec.json.decode(text, type=AlarmMail))

    def invoke(self, **request: Any) -> dict[str, Any]:
        """Lambda's call, of the status function."""
        assert request["FunctionName"] == f"{STACK}-status"
        settings = StatusSettings(
            stack_name=STACK, cluster_arn=ARN, forward_topics="orders", dead_letter_bucket="letters"
        )
        source = StatusSource(settings, lambda _: self, REGION, is_local=False, now=lambda: self._now)
        return {"Payload": io.BytesIO(msgspec.json.encode(path_status(read_path(source, Deadline(30)))))}

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        """Logs' call; the reader leaves out what the pattern would."""
        start, end = request["startTime"] / 1000, request["endTime"] / 1000
        lines = [line for line in self._lines[request["logGroupName"]] if start <= line[0] <= end]
        return {"events": [{"timestamp": int(at * 1000), "message": text} for at, text in lines]}

    def get_paginator(self, operation: str) -> "_Pages":
        """Lambda's, S3's and CloudWatch's lists."""
        return _Pages(self, operation)


class _Pages:
    def __init__(self, mailer: AlarmMailer, operation: str) -> None:
        self._mailer = mailer
        self._operation = operation

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        written = datetime.fromtimestamp(MIDNIGHT, UTC)
        names = [name for name in self._mailer.objects if name.startswith(arguments.get("Prefix", ""))]
        mappings = [
            {"UUID": topic, "Topics": [topic], "State": state, "LastProcessingResult": "OK", "EventSourceArn": ARN}
            for topic, state in self._mailer.mappings.items()
        ]
        lists: dict[str, dict[str, Any]] = {
            "list_event_source_mappings": {"EventSourceMappings": mappings},
            "list_objects_v2": {"Contents": [{"Key": name, "Size": 1, "LastModified": written} for name in names]},
            "describe_alarms": {"MetricAlarms": [], "CompositeAlarms": []},
        }
        yield lists[self._operation]


class _OwnLog(logging.Handler):
    def __init__(self, mailer: AlarmMailer) -> None:
        super().__init__()
        self._mailer = mailer

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: getattr(record, name) for name in ("alarm", "at", "problem") if hasattr(record, name)}
        self._mailer.wrote(json.dumps({"message": record.getMessage(), **extra}))


def _service(line: str) -> str:
    try:
        return str(json.loads(line).get("service", ""))
    except (ValueError, AttributeError):
        return ""
