"""Alarm mail: makes a mail of each alarm that goes off or ends, and publishes it."""

import os
from typing import Any

import msgspec
from msk_toolkit.alarms.run import MailServices, mail_alarms
from msk_toolkit.aws.preloaded import client, invoking_client
from msk_toolkit.deadline import Deadline
from msk_toolkit.telemetry.logs import toolkit_logger

# To publish the mail, whatever the reading of the logs took.
RESERVE_SECONDS = 20

logger = toolkit_logger("alarm-mail")


def handler(event: Any, context: Any) -> Any:
    services = MailServices(os.environ, client, invoking_client, logger)
    response = mail_alarms(event, services, Deadline.of_invocation(context, RESERVE_SECONDS))
    return msgspec.to_builtins(response)
