"""From an event of SNS to the mails; what can't be read about an alarm does not keep its mail back."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from aws_lambda_powertools import Logger

from msk_toolkit.alarms.change import AlarmChange, TopicMessage, read_messages
from msk_toolkit.alarms.compose import compose
from msk_toolkit.alarms.document import AlarmMail, Mail
from msk_toolkit.alarms.facts import AlarmStart, Place
from msk_toolkit.alarms.fallback import forwarded_mail, plain_mail
from msk_toolkit.alarms.kinds import kind_of
from msk_toolkit.alarms.own_log import beginning_of, remember
from msk_toolkit.alarms.path_state import read_path_state
from msk_toolkit.alarms.publish import publish
from msk_toolkit.alarms.render import render
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.settings.alarm_mail import AlarmMailSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.version import ResponseVersion, current_version

_PUBLISH_SECONDS = 15.0
_LOG, _STATUS = "alarm-mail", "status"


class MailServices(NamedTuple):
    """What the function works with; ``invoking_client`` makes one that waits, ``now`` is in seconds since 1970."""

    environ: Mapping[str, str]
    client: MakeClient
    invoking_client: Callable[[], Any]
    logger: Logger
    now: Callable[[], float] = time.time


class MailResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The subjects of the mails that were published."""

    mails: list[str]
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def mail_alarms(event: Any, services: MailServices, deadline: Deadline) -> MailResponse:
    """Publish a mail for each alarm of the event that went off or is over.

    Args:
        deadline: for what is read; publishing has a time of its own.

    Raises:
        ConfigurationError: a setting is missing.
        AwsError: a mail could not be published. Lambda then tries again, and at last sends the event itself.
    """
    settings = load(AlarmMailSettings, services.environ)
    subjects = []
    for message in read_messages(event):
        place = Place(settings.stack_name, message.origin.region, message.origin.account, message.origin.partition)
        mail = _mail_of(message, place, services, deadline)
        if mail is not None:
            publish(services.client("sns"), settings.alarm_topic_arn, mail, Deadline(_PUBLISH_SECONDS))
            subjects.append(mail.subject)
    return MailResponse(mails=subjects)


def _mail_of(message: TopicMessage, place: Place, services: MailServices, deadline: Deadline) -> Mail | None:
    change = message.change
    if change is None:
        return forwarded_mail(message, place)
    if not (change.is_on or change.is_over):
        services.logger.info("no mail", extra={"alarm": change.name, "state": change.state, "before": change.before})
        return None
    try:
        content = _explain(change, place, services, deadline)
        mail = render(content)
    except Exception as error:  # a fault of the explanation must not keep the alarm back
        services.logger.exception("the alarm can't be explained", extra={"alarm": change.name})
        why = f"It could not be explained ({type(error).__name__}); see the log of {place.stack}-{_LOG}."
        return plain_mail(change, place, why)
    if change.is_on:
        remember(services.logger, change, content.problem)
    return mail


def _explain(change: AlarmChange, place: Place, services: MailServices, deadline: Deadline) -> AlarmMail:
    kind = kind_of(change.name, place.stack)
    facts = read_path_state(services.invoking_client, f"{place.stack}-{_STATUS}", kind, deadline)
    beginning = None
    if change.is_over:
        beginning, why = _beginning(change, place, services, deadline)
        facts = facts._replace(unread=(*facts.unread, *why))
    return compose(change, kind, place, facts, beginning)


def _beginning(
    change: AlarmChange, place: Place, services: MailServices, deadline: Deadline
) -> tuple[AlarmStart | None, list[str]]:
    logs = services.client("logs")
    try:
        return beginning_of(logs, place.log_group(_LOG), change, now=services.now(), deadline=deadline), []
    except ToolkitError as error:
        return None, [str(error)]
