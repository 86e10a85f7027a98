"""What verify sends, once, when the user says so."""

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable


def send_test_mail(writer: Client, topic: str, stack: str) -> str | Unavailable:
    """Publish a message to the alarms' topic; returns its id."""
    subject = f"Test of the alarms of {stack}"[:100]
    text = (
        f"This is a test message from mskv verify to all subscribers of the alarms of the stack {stack}.\n"
        "No action is required. Alarm notifications will arrive at this address."
    )

    def send() -> str:
        response = writer("sns").publish(TopicArn=topic, Subject=subject, Message=text)
        return str(response["MessageId"])

    return ask("sns:Publish", send)
