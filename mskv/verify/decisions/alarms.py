"""Alarms, whom they mail, and what costs money that nobody asked for."""

from collections.abc import Iterable, Sequence

from mskv.facts import Alarm, Function, LogGroup, Stack, Subscription, Unavailable
from mskv.verify.check import Check, failed, not_tried, ok, unavailable

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
        checks.append(failed("alarms", "actions", f"these mail nobody: {', '.join(muted)}", remedy))
    gone = sorted(set(names) - {alarm.name for alarm in alarms})
    if gone:
        checks.append(failed("alarms", "missing", f"deleted by hand: {', '.join(gone)}", "deploy the stack again"))
    return [*checks, *_others(alarms)]


def _on(alarm: Alarm) -> Check:
    since = f" since {alarm.since}" if alarm.since else ""
    text = f"in ALARM{since}: {alarm.description} ({alarm.reason})"
    return failed("alarms", alarm.name, text, "docs/monitoring.md says what each alarm means and where it is explained")


def _others(alarms: Sequence[Alarm]) -> Iterable[Check]:
    fine = sum(alarm.state == "OK" for alarm in alarms)
    without_data = sum(alarm.state == "INSUFFICIENT_DATA" for alarm in alarms)
    if alarms and without_data == len(alarms):
        return [not_tried("alarms", "others", f"none of the {without_data} alarms has been evaluated yet")]
    if not fine and not without_data:
        return []
    rest = f", {without_data} have no data yet" if without_data else ""
    return [ok("alarms", "others", f"{fine} are OK{rest}")]


def mail_check(stack: Stack, subscriptions: Sequence[Subscription] | Unavailable) -> Check:
    """Whether somebody hears the alarms."""
    if isinstance(subscriptions, Unavailable):
        return unavailable("mail", "subscription", subscriptions)
    address = stack.parameters.get("AlarmEmail", "")
    pending = [one.endpoint for one in subscriptions if not one.confirmed]
    if pending:
        remedy = (
            "open the mail from AWS Notifications and follow its link (it is good for three days; after that delete "
            "the subscription and deploy again)"
        )
        return failed("mail", "subscription", f"not confirmed yet: {', '.join(pending)}", remedy)
    if not subscriptions and not address:
        return not_tried("mail", "subscription", "AlarmEmail is empty, and nobody else hears the alarms")
    if not subscriptions:
        text = f"AlarmEmail is {address}, and the topic has no subscription: it was ended, or ran out unconfirmed"
        return failed("mail", "subscription", text, "empty AlarmEmail, deploy, set it again, deploy, and confirm")
    heard = ", ".join(f"{one.protocol} {one.endpoint}" for one in subscriptions)
    return ok("mail", "subscription", f"alarms go to {heard}")


def sent_mail_check(subscriptions: Sequence[Subscription] | Unavailable, message: str | Unavailable) -> Check:
    """What became of the test message.

    Args:
        message: its id.
    """
    if isinstance(message, Unavailable):
        return unavailable("mail", "test message", message)
    hearers = [] if isinstance(subscriptions, Unavailable) else [one.endpoint for one in subscriptions if one.confirmed]
    if not hearers:
        return not_tried("mail", "test message", f"nobody hears it (SNS took it as {message})")
    text = f"SNS took it as {message}, for {', '.join(hearers)}: whether it arrived only the mailbox shows"
    return ok("mail", "test message", text)


def cost_checks(stack: Stack, functions: Sequence[Function], groups: Sequence[LogGroup] | Unavailable) -> list[Check]:
    """Log groups that keep everything for ever, and traces that nobody reads; pollers are told with their mappings."""
    return [_retention(groups), _traces(stack, functions)]


def _retention(groups: Sequence[LogGroup] | Unavailable) -> Check:
    if isinstance(groups, Unavailable):
        return unavailable("costs", "logs", groups)
    endless = [group.name for group in groups if group.retention_days is None]
    if endless:
        text = f"kept for ever: {', '.join(endless)}"
        return failed("costs", "logs", text, "; ".join(f"{_DAYS} {name}" for name in endless))
    return ok("costs", "logs", f"all {len(groups)} log groups have a retention")


def _traces(stack: Stack, functions: Sequence[Function]) -> Check:
    traced = [function.logical_id for function in functions if function.traced]
    if not traced:
        return ok("costs", "traces", "X-Ray is off")
    if stack.parameters.get("Tracing") == "Active":
        return ok("costs", "traces", "X-Ray is on, as Tracing says")
    text = f"X-Ray is on for {', '.join(traced)}: about 5 USD for each million traced invocations"
    return failed("costs", "traces", text, "deploy a version whose template has it off, or switch it off")
