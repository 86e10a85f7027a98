"""Alarms, their subscribers, and costs that the parameters do not ask for."""

from collections.abc import Iterable, Sequence

from mskv.facts import Alarm, Function, LogGroup, Stack, Subscription, Unavailable
from mskv.verify.check import Check, failed, joined, not_tried, ok, unavailable

ALARM_TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_DAYS = "aws logs put-retention-policy --retention-in-days 30 --log-group-name"


def alarm_checks(names: Sequence[str], alarms: Sequence[Alarm] | Unavailable) -> list[Check]:
    """A line for each alarm that is on or can't mail, and one for all the others.

    Args:
        names: of the stack's alarms.
    """
    if isinstance(alarms, Unavailable):
        return [unavailable("alarms", "all", alarms)]
    checks = [_on(alarm) for alarm in alarms if alarm.state == "ALARM"]
    muted = [alarm.name for alarm in alarms if not alarm.actions_enabled]
    if muted:
        remedy = f"aws cloudwatch enable-alarm-actions --alarm-names {' '.join(muted)}"
        checks.append(failed("alarms", "actions", f"actions are disabled: {', '.join(muted)}", remedy))
    gone = sorted(set(names) - {alarm.name for alarm in alarms})
    if gone:
        checks.append(failed("alarms", "missing", f"deleted manually: {', '.join(gone)}", "deploy the stack again"))
    return [*checks, *_others(alarms)]


def _on(alarm: Alarm) -> Check:
    state = "in ALARM"
    if alarm.since:
        state += f" since {alarm.since}"
    text = f"{state}: {alarm.description} ({alarm.reason})"
    return failed("alarms", alarm.name, text, "docs/monitoring.md explains every alarm")


def _others(alarms: Sequence[Alarm]) -> Iterable[Check]:
    fine = sum(alarm.state == "OK" for alarm in alarms)
    without_data = sum(alarm.state == "INSUFFICIENT_DATA" for alarm in alarms)
    if alarms and without_data == len(alarms):
        return [not_tried("alarms", "others", f"none of the {without_data} alarms has been evaluated yet")]
    if not fine and not without_data:
        return []
    text = f"{fine} are OK"
    if without_data:
        text += f", {without_data} have no data yet"
    return [ok("alarms", "others", text)]


def mail_check(stack: Stack, subscriptions: Sequence[Subscription] | Unavailable) -> Check:
    """Whether the alarms have a confirmed subscriber."""
    if isinstance(subscriptions, Unavailable):
        return unavailable("mail", "subscription", subscriptions)
    address = stack.parameters.get("AlarmEmail", "")
    pending = [subscription.endpoint for subscription in subscriptions if not subscription.confirmed]
    if pending:
        remedy = (
            "open the mail from AWS Notifications and follow its link (valid for three days; after that, delete the "
            "subscription and deploy again)"
        )
        return failed("mail", "subscription", f"not confirmed yet: {', '.join(pending)}", remedy)
    if not subscriptions and not address:
        return not_tried("mail", "subscription", "AlarmEmail is empty, and the alarm topic has no other subscriber")
    if not subscriptions:
        text = f"AlarmEmail is {address}, but the topic has no subscription: it was deleted, or expired unconfirmed"
        return failed(
            "mail", "subscription", text, "clear AlarmEmail and deploy, then set it again, deploy and confirm"
        )
    subscribers = [f"{subscription.protocol} {subscription.endpoint}" for subscription in subscriptions]
    return ok("mail", "subscription", f"alarms are sent to {', '.join(subscribers)}")


def sent_mail_check(subscriptions: Sequence[Subscription] | Unavailable, message: str | Unavailable) -> Check:
    """What became of the test message.

    Args:
        message: its id.
    """
    if isinstance(message, Unavailable):
        return unavailable("mail", "test message", message)
    endpoints = []
    if not isinstance(subscriptions, Unavailable):
        endpoints = [subscription.endpoint for subscription in subscriptions if subscription.confirmed]
    if not endpoints:
        return not_tried("mail", "test message", f"no confirmed subscriber (SNS message id {message})")
    text = f"sent to {', '.join(endpoints)} (SNS message id {message}); check the mailbox"
    return ok("mail", "test message", text)


def cost_checks(stack: Stack, functions: Sequence[Function], groups: Sequence[LogGroup] | Unavailable) -> list[Check]:
    """Log groups without a retention, and unwanted traces; pollers are reported with their mappings."""
    return [_retention(groups), _traces(stack, functions)]


def _retention(groups: Sequence[LogGroup] | Unavailable) -> Check:
    if isinstance(groups, Unavailable):
        return unavailable("costs", "logs", groups)
    endless = [group.name for group in groups if group.retention_days is None]
    if endless:
        text = f"kept indefinitely: {', '.join(endless)}"
        return failed("costs", "logs", text, joined(*[f"{_DAYS} {name}" for name in endless]))
    return ok("costs", "logs", f"all {len(groups)} log groups have a retention")


def _traces(stack: Stack, functions: Sequence[Function]) -> Check:
    traced = [function.logical_id for function in functions if function.traced]
    if not traced:
        return ok("costs", "traces", "X-Ray is off")
    if stack.parameters.get("Tracing") == "Active":
        return ok("costs", "traces", "X-Ray is on, as Tracing says")
    text = f"X-Ray is on for {', '.join(traced)}: about 5 USD per million traced invocations"
    return failed("costs", "traces", text, "deploy with Tracing=Disabled, or turn it off for the function")
