"""A mail on its SNS topic: text for people, JSON for programs."""

from typing import Any

import msgspec

from msk_toolkit.alarms.document import Mail
from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline

# SNS gives each protocol its own text; whatever is not named here gets the default. `email-json` is for programs that
# read mail.
_JSON_PROTOCOLS = ("email-json", "http", "https", "sqs", "lambda", "firehose")
# SNS takes 256 KB for all of them together.
_LONGEST_MESSAGE = 200_000


def publish(sns: Any, topic_arn: str, mail: Mail, deadline: Deadline) -> None:
    """Publish the mail.

    Args:
        sns: boto3's ``sns`` client.

    Raises:
        AwsError: refused, or no answer.
    """
    message = msgspec.json.encode(by_protocol(mail)).decode()
    call_within(
        deadline,
        "sns:Publish",
        lambda: sns.publish(TopicArn=topic_arn, Subject=mail.subject, Message=message, MessageStructure="json"),
    )


def by_protocol(mail: Mail) -> dict[str, str]:
    """What each protocol gets; a mail whose JSON is too long for SNS goes out as text alone."""
    texts = {"default": mail.text, "email": mail.text, "sms": mail.subject}
    with_json = texts | dict.fromkeys(_JSON_PROTOCOLS, mail.json)
    if not mail.json or len(msgspec.json.encode(with_json)) > _LONGEST_MESSAGE:
        return texts
    return with_json
