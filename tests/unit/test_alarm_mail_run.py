"""From SNS's event to the published mails: each change that concerns a person, whatever can't be read."""

import io
import json
import logging
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger
from msk_toolkit.alarms import run
from msk_toolkit.alarms.run import MailServices, mail_alarms
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.status.facts import CrashLine, Deliveries, Fact, PathFacts
from msk_toolkit.status.judge import path_status

from tests.fakes.alarm_events import alarm_message, sns_event
from tests.fakes.aws_fake import refused
from tests.fakes.path_facts import faulty_facts, healthy_facts

TOPIC = "arn:aws:sns:eu-central-1:123456789012:shop-AlarmTopic-1"
ENVIRONMENT = {"STACK_NAME": "shop", "ALARM_TOPIC_ARN": TOPIC}


class Account:
    """SNS, Logs and the status function; a function's own lines are found in its log."""

    def __init__(self, facts: PathFacts | None = None, **refusals: Exception) -> None:
        self.published: list[dict[str, Any]] = []
        self.facts = facts or healthy_facts()
        self.lines: list[str] = []
        self._refusals = refusals

    def __call__(self, service: str) -> Any:
        if service in self._refusals:
            raise self._refusals[service]
        return self

    def invoke(self, **request: Any) -> dict[str, Any]:
        if "invoke" in self._refusals:
            raise self._refusals["invoke"]
        assert request["FunctionName"] == "shop-status"
        return {"Payload": io.BytesIO(msgspec.json.encode(path_status(self.facts)))}

    def publish(self, **request: Any) -> None:
        if "publish" in self._refusals:
            raise self._refusals["publish"]
        self.published.append(request)

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        if "filter_log_events" in self._refusals:
            raise self._refusals["filter_log_events"]
        return {"events": [{"timestamp": 1_795_834_380_123, "message": line} for line in self.lines]}

    def mail(self, protocol: str = "email") -> Any:
        (request,) = self.published
        text = json.loads(request["Message"])[protocol]
        return json.loads(text) if protocol == "sqs" else text


class Capture(logging.Handler):
    """Puts what the function logs into the account."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: getattr(record, name) for name in ("alarm", "at", "problem") if hasattr(record, name)}
        self._account.lines.append(json.dumps({"message": record.getMessage(), **extra}))


def mail(account: Account, *messages: dict[str, Any] | str, **options: Any) -> list[str]:
    # A logger keeps the handler of its first use.
    logger = Logger(service=f"alarm-mail-{id(account)}", logger_handler=Capture(account))
    services = MailServices(ENVIRONMENT, account, lambda: account, logger, lambda: 1_795_834_400.0)
    return mail_alarms(sns_event(*messages, **options), services, Deadline(10)).mails


def test_an_alarm_that_goes_off_is_one_mail_as_text_and_as_json() -> None:
    account = Account()
    assert len(mail(account, alarm_message("shop-forwarder"))) == 1
    (request,) = account.published
    assert (request["TopicArn"], request["MessageStructure"]) == (TOPIC, "json")
    message = json.loads(request["Message"])
    assert message["default"] == message["email"]
    assert message["email"].startswith("WHAT    Records do not reach Vantiq")
    assert {message[name] for name in ("http", "https", "lambda", "firehose", "email-json")} == {message["sqs"]}
    assert json.loads(message["sqs"])["alarm"]["kind"] == "ForwarderAlarm"


@pytest.mark.parametrize(
    ("state", "before"), [("OK", "INSUFFICIENT_DATA"), ("INSUFFICIENT_DATA", "OK"), ("INSUFFICIENT_DATA", "ALARM")]
)
def test_what_is_neither_the_beginning_nor_the_end_of_a_fault_is_no_mail(state: str, before: str) -> None:
    account = Account()
    assert mail(account, alarm_message("shop-forwarder", state, before)) == []
    assert account.published == []


def test_the_second_mail_says_how_long_it_lasted_and_what_it_was() -> None:
    account = Account()
    mail(account, alarm_message("shop-TopicsDriftedAlarm-1A2B3C"))
    account.published.clear()
    over = alarm_message("shop-TopicsDriftedAlarm-1A2B3C", "OK", "ALARM", StateChangeTime="2026-11-28T03:20:00Z")
    assert mail(account, over) == ["[shop] Over after 27 min: Topics are as topics.yaml declares them"]
    assert account.mail("sqs")["lastedSeconds"] == 1619.877
    assert account.mail("sqs")["problem"]["cause"] == "topics-drifted"


def test_the_beginning_of_another_alarm_is_not_taken_for_this_ones() -> None:
    account = Account()
    mail(account, alarm_message("shop-CertificateAlarm-1A2B3C"))
    account.published.clear()
    assert mail(account, alarm_message("shop-forwarder", "OK", "ALARM")) == ["[shop] Over: Records reach Vantiq again"]
    assert account.mail("sqs")["lastedSeconds"] is None


def test_a_log_that_can_not_be_read_is_named_and_keeps_no_mail_back() -> None:
    account = Account(filter_log_events=refused("AccessDeniedException"))
    assert len(mail(account, alarm_message("shop-forwarder", "OK", "ALARM"))) == 1
    assert "/aws/lambda/shop-alarm-mail: access denied" in account.mail()


def test_a_fault_of_the_explanation_itself_is_a_plain_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(run, "compose", broken)
    account = Account()
    assert mail(account, alarm_message("shop-forwarder")) == ["[shop] shop-forwarder is on"]
    assert "What the template says of it." in account.mail()
    assert "ZeroDivisionError" in account.mail()
    assert "secret detail" not in account.mail()
    assert set(account.mail("sqs")) == {"subject", "text"}


def test_a_message_that_is_not_cloudwatchs_is_passed_on() -> None:
    account = Account()
    assert mail(account, "by hand\x1b[31m") == ["[shop] Message on the topic of the alarms"]
    assert account.mail() == "by hand [31m\n"


def test_an_event_without_an_alarm_sends_nothing() -> None:
    services = MailServices(ENVIRONMENT, Account(), Account, Logger(service="alarm-mail-test"))
    assert mail_alarms({}, services, Deadline(1)).mails == []


def test_a_mail_that_can_not_be_published_ends_the_invocation_with_an_error_so_that_lambda_sends_it() -> None:
    account = Account(publish=refused("AuthorizationErrorException"))
    with pytest.raises(AwsError, match="sns:Publish"):
        mail(account, alarm_message("shop-forwarder"))


def test_partition_and_region_of_the_links_are_the_topics() -> None:
    account = Account()
    topic = "arn:aws-cn:sns:cn-north-1:123456789012:shop-AlarmStateTopic-1"
    mail(account, alarm_message("shop-forwarder"), topic=topic)
    urls = [link["url"] for link in account.mail("sqs")["links"]]
    assert all(
        url.startswith("https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#") for url in urls
    )


def test_the_mail_names_the_cause_the_remedy_and_what_waits() -> None:
    account = Account(faulty_facts())
    mail(account, alarm_message("shop-forwarder"))
    problem = account.mail("sqs")["problem"]
    assert problem["cause"] in {"vantiq-token-refused", "mapping-disabled"}
    first_lines = "\n".join(account.mail().splitlines()[:5])
    assert problem["command"] in first_lines


def test_a_state_that_can_not_be_asked_for_is_named_and_keeps_no_mail_back() -> None:
    account = Account(invoke=refused("AccessDeniedException"))
    mail(account, alarm_message("shop-forwarder"))
    assert account.mail().startswith("WHAT    Records do not reach Vantiq")
    assert "the state of the path: invoking shop-status: access denied" in account.mail()


def test_an_alarm_that_ends_while_records_do_not_get_on_is_not_called_over() -> None:
    account = Account(faulty_facts())
    (subject,) = mail(account, alarm_message("shop-forwarder", "OK", "ALARM"))
    assert subject.startswith("[shop] Alarm ended, fault remains: ")
    assert account.mail("sqs")["stillThere"] is True


def test_nothing_of_a_record_and_no_secret_is_in_a_mail() -> None:
    canaries = ["Kunde 4711", "eyJhbGciOi"]
    text = f"KeyError: '{canaries[0]} {canaries[1]}'"
    facts = healthy_facts()
    crash = CrashLine(facts.now - 5, text)
    deliveries = Deliveries([], since=facts.now - 7200, crashes=[crash])
    account = Account(msgspec.structs.replace(facts, deliveries=Fact(deliveries)))
    mail(account, alarm_message("shop-forwarder"))
    assert account.mail("sqs")["problem"]["cause"] == "forwarder-fails"
    assert account.mail("sqs")["problem"]["detail"] == "KeyError"
    assert not [canary for canary in canaries if canary in str(account.published) + "".join(account.lines)]


def test_an_error_of_the_settings_is_named_in_the_mail() -> None:
    facts = healthy_facts()
    crash = CrashLine(facts.now - 5, "ConfigurationError: settings: VANTIQ_URL is missing")
    deliveries = Deliveries([], since=facts.now - 7200, crashes=[crash])
    account = Account(msgspec.structs.replace(facts, deliveries=Fact(deliveries)))
    mail(account, alarm_message("shop-forwarder"))
    assert "VANTIQ_URL is missing" in account.mail()
