"""Whether Kafka has the topics that a source is to consume: a misspelt name is reported before it is registered."""

from collections.abc import Sequence

from msk_toolkit.connect.login import Login
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.kafka.error_codes import ErrorCode, error_name
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.session import Session
from msk_toolkit.msk.findings import Finding

_STAGE_SECONDS = 5.0
_MOST_SECONDS = 10.0


def topic_findings(login: Login, topics: Sequence[str], deadline: Deadline) -> list[Finding]:
    """What Kafka says of these topics, with the login of the source itself; nothing where it has them all.

    A cluster that can't be asked is a warning only: Vantiq may have a route to it that the function lacks.
    """
    try:
        with Session(_access(login), _STAGE_SECONDS) as session:
            metadata = session.query(
                lambda connection, until: read_metadata(connection, topics, until, operations=False),
                deadline.at_most(_MOST_SECONDS),
            )
    except ToolkitError as error:
        return [Finding("warning", "Kafka", f"the source's topics could not be looked up: {error}")]
    codes = {name: metadata.topics[name].error_code for name in topics}
    return [_finding(name, code) for name, code in codes.items() if code]


def _access(login: Login) -> Access:
    return Access(
        brokers=parse_brokers(login.brokers),
        auth_mode=login.mode,
        trusted_ca=login.trusted_ca,
        username=login.username,
        password=login.password or "",
    )


def _finding(topic: str, code: int) -> Finding:
    subject = f"topic {topic}"
    if code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        return Finding("error", subject, "Kafka has no such topic: correct the name, or create the topic first")
    if code == ErrorCode.TOPIC_AUTHORIZATION_FAILED:
        text = "Kafka does not show it to this user (or has no such topic): correct the name, or the user's ACLs"
        return Finding("error", subject, text)
    return Finding("warning", subject, f"Kafka answers {error_name(code)} for it")
