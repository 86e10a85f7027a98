"""What verify sends, once, when the user says so."""

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable


def send_test_mail(writer: Client, topic: str, stack: str) -> str | Unavailable:
    """Publish a message to the alarms' topic; answers its id."""
    subject = f"Test of the alarms of {stack}"[:100]
    text = (
        f"mskv verify sent this to everybody who hears the alarms of the stack {stack}.\n"
        "Nothing is wrong, and nothing is to be done: mails of alarms will arrive here too."
    )

    def send() -> str:
        told = writer("sns").publish(TopicArn=topic, Subject=subject, Message=text)
        return str(told["MessageId"])

    return ask("sns:Publish", send)
