"""`mskv verify`: a healthy stack, and each line failing with its cause and its remedy."""

from collections.abc import Callable

import pytest

from mskv.verify.check import Check, joined
from mskv.verify.tools import Consent
from tests.fakes.mskv_world import ALARM, HEALTHY, UUID, World, refused

NOT_IN_USE = {"network": "vpc", "protocol": "iam", "inUse": False, "status": "not reached", "summary": "no"}
DOWN = {"network": "vpc", "protocol": "scram", "inUse": True, "status": "down", "summary": "login refused"}
LETTERS = {"groups": [{"topic": "orders", "reason": "refused", "code": "io.vantiq.x", "letters": 3}]}


def closed(port: int) -> dict[str, object]:
    text = f"no inbound rule for {port}"
    return {"severity": "error", "code": "ingress-closed", "port": port, "text": text, "remedy": f"add one for {port}"}


def the(checks: list[Check], area: str, name: str | None = None) -> Check:
    """The line of an area, and of a name in it."""
    (check,) = [
        candidate for candidate in checks if candidate.area == area and (name is None or candidate.name == name)
    ]
    return check


def failures(checks: list[Check]) -> list[Check]:
    return [check for check in checks if check.state == "failed"]


def test_of_a_healthy_stack_nothing_fails_and_only_what_writes_is_not_tried() -> None:
    world = World()
    checks = world.run()
    assert failures(checks) == []
    assert {(check.area, check.name) for check in checks if check.state == "not tried"} == {
        ("mail", "test message"),
        ("record", "to Vantiq"),
        ("refusal", "dead letter"),
    }
    assert not [check for check in checks if check.remedy]


def test_every_function_is_invoked_once_with_an_event_that_changes_nothing() -> None:
    world = World()
    world.run()
    names = [name for name, _ in world.events]
    assert sorted(set(names)) == sorted(world.functions)
    # Connect looks at AWS, and then asks Vantiq as well.
    assert [name for name in names if names.count(name) > 1] == ["ConnectFunction", "ConnectFunction"]
    actions = {event.get("action", "") for _, event in world.events}
    assert actions == {"plan", "describe", "list", ""}
    assert "publish" not in world.aws.asked


Change = Callable[[World], object]


def of(name: str, answer: object) -> Change:
    return lambda world: world.answers.update({name: answer})


def mapped(**facts: object) -> Change:
    def change(world: World) -> None:
        world.mapping = {**(world.mapping or {}), **facts}

    return change


def set_to(field: str, value: object) -> Change:
    return lambda world: setattr(world, field, value)


CASES: dict[str, tuple[Change, str, str, str, str]] = {
    "an update that was rolled back": (
        set_to("status", "UPDATE_ROLLBACK_COMPLETE"),
        *("stack", "status", "the last update failed and was rolled back", "describe-stack-events"),
    ),
    "an update that goes on": (
        set_to("status", "UPDATE_IN_PROGRESS"),
        *("stack", "status", "UPDATE_IN_PROGRESS", "wait until it has finished"),
    ),
    "a stack of something else": (
        set_to("parameters", {}),
        *("stack", "parameters", "not a stack of this toolkit", "--stack"),
    ),
    "a function that was deleted": (
        set_to("functions", ["TopicsFunction"]),
        *("functions", "ForwarderFunction", "no such function", "deploy the template again"),
    ),
    "a function that times out": (
        of("TopicsFunction", {"errorMessage": "2026 id Task timed out after 60.00 seconds"}),
        *("functions", "TopicsFunction", "timed out", "the subnets have no route"),
    ),
    "a function that can't start": (
        of("ForwarderFunction", {"errorType": "ConfigurationError", "errorMessage": "VANTIQ_URL is missing"}),
        *("functions", "ForwarderFunction", "VANTIQ_URL is missing", "/aws/lambda/shop-ForwarderFunction"),
    ),
    "a caller who may not invoke": (
        of("RedriveFunction", refused("AccessDeniedException", "not authorized")),
        *("functions", "RedriveFunction", "not allowed to call lambda:InvokeFunction", "docs/verify.md"),
    ),
    "a function that is always busy": (
        of("DiagnoseFunction", refused("TooManyRequestsException")),
        *("functions", "DiagnoseFunction", "throttled for", "run verify again"),
    ),
    "a topic that was changed by hand": (
        of("TopicsFunction", {"status": "planned", "plan": {"steps": [{"action": "update", "topic": "orders"}]}}),
        *("topics", "declared", "1 of 1 topics differ from topics.yaml: orders (update)", "apply"),
    ),
    "a broker that is down": (
        of("ProducerProbeFunction", {"verdict": {"status": "degraded", "summary": "broker 2", "remedy": "start it"}}),
        *("probes", "producer", "degraded: broker 2", "start it"),
    ),
    "a wrong Vantiq token": (
        of("ConnectFunction", {"findings": [{"severity": "error", "subject": "Vantiq", "text": "401: not logged in"}]}),
        *("vantiq", "token", "https://dev.vantiq.com: 401: not logged in", "VantiqTokenSecretArn"),
    ),
    "a listener that refuses the login": (
        of("DiagnoseFunction", {"summary": "down", "listeners": [NOT_IN_USE, DOWN]}),
        *("listener", "vpc scram", "down: login refused", "probes"),
    ),
    "pollers that are kept out": (
        of("DiagnoseFunction", {"summary": "x", "listeners": [DOWN], "mapping": [closed(9096), closed(9097)]}),
        *(
            "network",
            "pollers",
            "ingress-closed, 2 times: no inbound rule for 9096 (and 1 similar)",
            "add one for 9096",
        ),
    ),
    "an answer of another version": (
        of("ConsumerProbeFunction", {"judgement": "fine"}),
        *("probes", "consumer", "an unexpected form", "in the version of the deployed stack"),
    ),
    "a mapping that is off": (
        mapped(State="Disabled"),
        *("mappings", "orders", "it is Disabled (USER_INITIATED): its records wait", f"--uuid {UUID} --enabled"),
    ),
    "a mapping that is gone": (
        set_to("mapping", None),
        *("mappings", "Forwardorders", "deleted manually", "ForwardTopics"),
    ),
    "pollers that are still provisioned": (
        mapped(ProvisionedPollerConfig={"MinimumPollers": 5, "MaximumPollers": 9}),
        *("mappings", "orders", "still provisioned, but PollerMode is on-demand: about 270 USD a month", "'{}'"),
    ),
    "a destination on demand": (
        mapped(DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::letters"}}),
        *("mappings", "orders", "limits the unlimited retries to ten", "--destination-config"),
    ),
    "a poll that failed": (
        mapped(LastProcessingResult="PROBLEM: Connection error"),
        *("mappings", "orders", "its last poll failed: PROBLEM: Connection error", "docs/diagnose.md"),
    ),
    "dead letters that wait": (
        of("RedriveFunction", LETTERS),
        *("letters", "waiting", "3 dead letters: 3 of orders (refused io.vantiq.x)", "mskv letters replay"),
    ),
    "an alarm that is on": (
        set_to(
            "alarm", {"AlarmName": ALARM, "StateValue": "ALARM", "AlarmDescription": "It expires", "StateReason": "3"}
        ),
        *("alarms", ALARM, "in ALARM: It expires (3)", "docs/monitoring.md"),
    ),
    "an alarm that may not mail": (
        set_to("alarm", {"AlarmName": ALARM, "StateValue": "OK", "ActionsEnabled": False}),
        *("alarms", "actions", f"actions are disabled: {ALARM}", "enable-alarm-actions"),
    ),
    "an alarm that was deleted": (
        set_to("alarm", {"AlarmName": "another", "StateValue": "OK"}),
        *("alarms", "missing", f"deleted manually: {ALARM}", "deploy the stack again"),
    ),
    "a subscription that nobody confirmed": (
        set_to(
            "subscription",
            {"Protocol": "email", "Endpoint": "ops@example.com", "SubscriptionArn": "PendingConfirmation"},
        ),
        *("mail", "subscription", "not confirmed yet: ops@example.com", "open the mail from AWS Notifications"),
    ),
    "a subscription that was ended": (
        set_to("subscription", None),
        *("mail", "subscription", "AlarmEmail is ops@example.com, but the topic has no subscription", "confirm"),
    ),
    "a log group without a retention": (
        set_to("log_group", {"logGroupName": "/aws/lambda/shop-RedriveFunction"}),
        *("costs", "logs", "kept indefinitely: /aws/lambda/shop-RedriveFunction", "put-retention-policy"),
    ),
    "traces that nobody asked for": (
        set_to("traced", "Active"),
        *("costs", "traces", "X-Ray is on for TopicsFunction", "off"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_a_line_with_its_cause_and_its_remedy(case: str) -> None:
    change, area, name, cause, remedy = CASES[case]
    world = World()
    change(world)
    check = the(world.run(), area, name)
    assert check.state == "failed"
    assert cause in check.text
    assert remedy in check.remedy


def test_in_provisioned_mode_the_mapping_has_pollers_and_takes_partial_answers() -> None:
    world = World()
    world.parameters["PollerMode"] = "provisioned"
    assert "partial batch responses count as success" in the(world.run(), "mappings").text
    mapped(ProvisionedPollerConfig={"MinimumPollers": 1, "MaximumPollers": 3})(world)
    assert "ReportBatchItemFailures is off" in the(world.run(), "mappings").text
    mapped(FunctionResponseTypes=["ReportBatchItemFailures"])(world)
    assert the(world.run(), "mappings").state == "ok"


def test_a_call_that_an_emulator_does_not_have_is_not_tried_and_stops_nothing() -> None:
    world = World()
    for call in ("describe_alarms", "list_subscriptions_by_topic", "list_event_source_mappings", "describe_log_groups"):
        world.aws.answers[call] = refused("UnknownOperationException")
    checks = world.run()
    assert failures(checks) == []
    assert {check.area for check in checks if check.state == "not tried"} == {
        *("alarms", "mappings", "mail", "costs"),
        *("record", "refusal"),
    }


def test_a_question_that_the_caller_may_not_ask_fails_alone_and_names_the_permission() -> None:
    world = World()
    world.aws.answers["describe_alarms"] = refused("AccessDenied", "not authorized to perform")
    (check,) = failures(world.run())
    assert "not allowed to call cloudwatch:DescribeAlarms" in check.text
    assert "docs/verify.md" in check.remedy


def test_the_logs_of_a_stack_with_a_longer_name_are_not_this_ones() -> None:
    world = World()
    world.log_group = {"logGroupName": "/aws/lambda/shop-two-forwarder"}
    assert failures(world.run()) == []


def test_a_function_that_another_invocation_holds_is_waited_for() -> None:
    world, tries = World(), []

    def busy_twice(event: object) -> object:
        tries.append(event)
        return refused("TooManyRequestsException") if len(tries) < 3 else HEALTHY

    world.answers["ProducerProbeFunction"] = busy_twice
    assert failures(world.run()) == []
    assert len(tries) == 3


def test_an_answer_that_is_lost_is_not_asked_for_again() -> None:
    world = World()
    world.answers["TopicsFunction"] = refused("ServiceException")
    check = the(world.run(), "functions", "TopicsFunction")
    assert (check.state, "no answer" in check.text) == ("failed", True)
    assert [name for name, _ in world.events].count("TopicsFunction") == 1


def test_with_iam_nobody_can_ask_vantiq_without_a_record() -> None:
    world = World()
    world.parameters["AuthMode"] = "iam"
    assert the(world.run(), "vantiq").state == "not tried"


def test_a_test_mail_is_sent_once_and_only_with_the_users_word() -> None:
    world = World()
    check = the(world.run(Consent(test_mail=True)), "mail", "test message")
    assert check.state == "ok"
    assert "check the mailbox" in check.text
    assert world.aws.asked.count("publish") == 1


def test_remedies_are_joined_without_a_full_stop_in_front_of_the_next() -> None:
    assert joined("Renew the certificate.", "", "runbook: https://x.y/#tls") == (
        "Renew the certificate; runbook: https://x.y/#tls"
    )


def test_a_mapping_with_a_filter_says_so() -> None:
    world = World()
    mapped(FilterCriteria={"Filters": [{"Pattern": "{}"}]})(world)
    check = the(world.run(), "mappings", "orders")
    assert check.state == "ok"
    assert "with a filter: records that do not match are not forwarded" in check.text
