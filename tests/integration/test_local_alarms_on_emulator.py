"""Alarms in the emulator: each kind is shown with its state, and a mail is a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local.alarms.definitions import Definitions
from local.alarms.emulator import Services
from local.alarms.evaluation import Change
from local.alarms.mailbox import Mailbox
from local.alarms.notifications import Notification
from local.aws import emulator
from local.aws.emulator import Brokers, Emulator
from local.processes import Ledger

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
TRIGGER = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0}
STAT = {"Namespace": "N", "MetricName": "Faults", "Dimensions": []}
MATH = [
    {"Id": "runs", "ReturnData": False, "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": STAT}},
    {"Id": "filled", "Expression": "FILL(runs, 0)"},
]
DEFINITIONS = Definitions(
    {
        "faults": {"AlarmName": "faults", **STAT, **TRIGGER, "Period": 60, "Statistic": "Sum"},
        "silent": {"AlarmName": "silent", **TRIGGER, "Metrics": MATH},
    },
    {"probes": {"AlarmName": "probes", "AlarmRule": 'ALARM("faults") OR ALARM("silent")'}},
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    run = tmp_path_factory.mktemp("aws")
    ledger = Ledger(run / "processes.json")
    try:
        yield emulator.start(ledger, run, ROOT / ".local/cache", brokers=Brokers("", "", ""))
    finally:
        ledger.stop_all()


def states(aws: Emulator) -> dict[str, Any]:
    cloudwatch = aws.session().client("cloudwatch", endpoint_url=aws.endpoint)
    response = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms: list[Any] = [*response["MetricAlarms"], *response["CompositeAlarms"]]
    return {alarm["AlarmName"]: (alarm["StateValue"], alarm["StateReason"]) for alarm in alarms}


def test_alarms_of_every_kind_are_shown_with_their_state(aws: Emulator) -> None:
    services = Services(aws.session(), aws.endpoint)
    services.create(DEFINITIONS)
    assert set(states(aws)) == {"faults", "silent", "probes"}
    for name in ("silent", "probes"):
        services.enter(Change(name, "INSUFFICIENT_DATA", "ALARM", f"because of {name}"))
        assert states(aws)[name] == ("ALARM", f"because of {name}")


def test_an_alarm_keeps_its_actions_and_the_emulator_does_not_carry_them_out(aws: Emulator, tmp_path: Path) -> None:
    topic = aws.session().client("sns", endpoint_url=aws.endpoint).create_topic(Name="states")["TopicArn"]
    mailbox = Mailbox(aws.session(), aws.endpoint, tmp_path)
    mailbox.subscribe(topic)
    services = Services(aws.session(), aws.endpoint)
    acting = {**DEFINITIONS.alarms["faults"], "AlarmActions": [topic]}
    services.create(Definitions({"faults": acting}, {}))
    services.enter(Change("faults", "INSUFFICIENT_DATA", "ALARM", ""))
    cloudwatch = aws.session().client("cloudwatch", endpoint_url=aws.endpoint)
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["faults"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["AlarmActions"]) == ("ALARM", [topic])
    assert mailbox.collect() == []


def test_a_mail_is_a_file_with_the_text_for_people(aws: Emulator, tmp_path: Path) -> None:
    topic = aws.session().client("sns", endpoint_url=aws.endpoint).create_topic(Name="alarms")["TopicArn"]
    mailbox = Mailbox(aws.session(), aws.endpoint, tmp_path / "mails")
    mailbox.subscribe(topic)
    assert mailbox.collect() == []
    texts = {"default": "short", "email": "for people", "sqs": "for programs"}
    sns = aws.session().client("sns", endpoint_url=aws.endpoint)
    sns.publish(
        TopicArn=topic, Subject="Records wait", Message=msgspec.json.encode(texts).decode(), MessageStructure="json"
    )
    Services(aws.session(), aws.endpoint).publish(topic, Notification("Again", "plain"))
    first, second = mailbox.collect()
    assert first.read_text() == "Subject: Records wait\n\nfor people\n"
    assert second.read_text() == "Subject: Again\n\nplain\n"
    assert first.name < second.name
