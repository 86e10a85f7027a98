"""The alarm mails in the template: each alarm goes through the function; what keeps a mail back is mailed as well."""

import pytest
from msk_toolkit.alarms.change import AlarmChange
from msk_toolkit.alarms.compose import compose
from msk_toolkit.alarms.facts import MailFacts, Place
from msk_toolkit.alarms.kinds import ALARM_KINDS, OTHER_ALARM, kind_of

from tests.template.stack import Stack

STACK = Stack(HeartbeatTarget="topic:/heart", ScramRotationDays="30", PollerMode="provisioned", GivenUpTopic="given-up")
ALARMS = [*STACK.names("AWS::CloudWatch::Alarm"), *STACK.names("AWS::CloudWatch::CompositeAlarm")]
# CloudWatch sends these itself: they are about the function.
ABOUT_MAILS = {"AlarmMailNotInvokedAlarm", "AlarmMailNotSentAlarm"}


def actions(alarm: str) -> list[str]:
    properties = STACK.properties(alarm)
    return [*properties.get("AlarmActions", []), *properties.get("OKActions", [])]


MAILING = [alarm for alarm in ALARMS if actions(alarm) and alarm not in ABOUT_MAILS]


@pytest.mark.parametrize("alarm", MAILING)
def test_an_alarm_that_mails_reports_to_the_function_and_has_a_row_that_explains_it(alarm: str) -> None:
    assert set(actions(alarm)) == {"AlarmStateTopic"}
    name = STACK.properties(alarm).get("AlarmName", f"shop-{alarm}-1ABCDEFGHIJKL")
    assert kind_of(name, "shop").id == alarm, f"{alarm} needs a row in alarms/kinds.py"


def test_every_row_is_an_alarm_of_the_template() -> None:
    assert {kind.id for kind in ALARM_KINDS} == set(MAILING)
    assert kind_of("another-stacks-alarm", "shop") is OTHER_ALARM


def test_what_keeps_a_mail_back_is_mailed_by_cloudwatch_itself() -> None:
    for alarm in ABOUT_MAILS:
        assert actions(alarm) == ["AlarmTopic"]
    failed = STACK.properties("AlarmMailNotInvokedAlarm")
    assert (failed["Namespace"], failed["MetricName"]) == ("AWS/SNS", "NumberOfNotificationsFailed")
    assert failed["Dimensions"] == [{"Name": "TopicName", "Value": "name-of-AlarmStateTopic"}]
    unsent = STACK.properties("AlarmMailNotSentAlarm")
    assert (unsent["Namespace"], unsent["MetricName"]) == ("AWS/Lambda", "DestinationDeliveryFailures")
    assert unsent["Dimensions"] == [{"Name": "FunctionName", "Value": "AlarmMailFunction"}]


def test_lambda_sends_the_alarm_itself_if_the_function_fails_or_gets_no_capacity() -> None:
    function = STACK.properties("AlarmMailFunction")
    invoke = function["EventInvokeConfig"]
    assert invoke["DestinationConfig"]["OnFailure"] == {"Type": "SNS", "Destination": "AlarmTopic"}
    # Minutes, not Lambda's six hours.
    assert invoke["MaximumEventAgeInSeconds"] <= 300
    assert invoke["MaximumRetryAttempts"] <= 1
    assert function["Events"]["Alarms"] == {"Type": "SNS", "Properties": {"Topic": "AlarmStateTopic"}}
    assert STACK.statements("AlarmMailFunction")["PublishTheMails"]["Resource"] == "AlarmTopic"


@pytest.mark.parametrize("address", ["", "ops@example.com"])
def test_the_mails_are_made_whether_or_not_there_is_an_address(address: str) -> None:
    stack = Stack(AlarmEmail=address)
    assert stack.variables("AlarmMailFunction")["ALARM_TOPIC_ARN"] == "AlarmTopic"
    subscriptions = [stack.properties(name)["TopicArn"] for name in stack.names("AWS::SNS::Subscription")]
    # Of SNS's own messages about alarms the function alone is a subscriber.
    assert subscriptions == (["AlarmTopic"] if address else [])


def test_the_mails_link_to_the_stacks_own_dashboard() -> None:
    (dashboard,) = STACK.names("AWS::CloudWatch::Dashboard")
    name = STACK.properties(dashboard)["DashboardName"]
    mail = compose(
        AlarmChange(name="shop-probes", state="ALARM", before="OK", at=0.0),
        kind_of("shop-probes", "shop"),
        Place("shop", "eu-central-1", "123456789012"),
        MailFacts(),
    )
    (link,) = [link.url for link in mail.links if link.label == "Dashboard"]
    assert link.endswith(f"#dashboards/dashboard/{name}")


def test_it_may_invoke_the_status_function_and_read_its_own_log_and_nothing_more() -> None:
    statements = STACK.statements("AlarmMailFunction")
    assert {(each["Action"], each["Resource"]) for each in statements.values()} == {
        ("sns:Publish", "AlarmTopic"),
        ("lambda:InvokeFunction", "arn-of-StatusFunction"),
        ("logs:FilterLogEvents", "arn-of-AlarmMailLogs"),
    }
