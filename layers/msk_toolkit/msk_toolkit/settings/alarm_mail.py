"""Settings of the alarm mails."""

from typing import Annotated

import msgspec
from msgspec import Meta


class AlarmMailSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Which stack the alarms belong to, and where their mails go."""

    stack_name: Annotated[str, Meta(description="Name of the stack.", min_length=1)]
    alarm_topic_arn: Annotated[str, Meta(description="SNS topic to which the mails are published.", min_length=1)]
