"""A test message out through a source of Vantiq's and back: whether the source reaches the brokers at all."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.msk.findings import Finding

# A consumer takes a while to start and join its group. The whole invocation has to end within a minute: SAM and the AWS
# CLI then give up and invoke the function once more.
_TEST_SECONDS = 40.0
_SECONDS_AN_ATTEMPT = 5.0


class PublishesThrough(Protocol):
    """See :class:`msk_toolkit.vantiq.resources.VantiqResources`."""

    def within(self, seconds: float) -> "PublishesThrough": ...
    def publish_through(self, source: str, topic: str, message: dict[str, Any]) -> None: ...


class RegistrationTest(Protocol):
    """See :class:`msk_toolkit.vantiq.events.ReceivedEvents`."""

    def wait_for(self, text: str, seconds: float, /) -> Any: ...


Subscribe = Callable[[str], AbstractContextManager[RegistrationTest]]


class SourceUnderTest(NamedTuple):
    """The source, the Kafka topic to publish to, and whether only a JSON object may be published through it."""

    name: str
    topic: str
    takes_json: bool


class TestResult(msgspec.Struct, frozen=True):
    """What became of the test message: published through the source, and received by it again."""

    __test__ = False  # no test class, whatever pytest thinks of its name

    topic: str
    published: bool
    received: bool
    event: Any = None


def send_test_message(
    resources: PublishesThrough, subscribe: Subscribe, source: SourceUnderTest, findings: list[Finding]
) -> TestResult:
    """Test publish and test subscribe together: a message that nobody else sends, out through the source and back."""
    mark = f"msk-vantiq-toolkit test {uuid.uuid4().hex}"
    message = _test_message(mark, as_json=source.takes_json)
    published, event, failure = False, None, ""
    deadline = Deadline(_TEST_SECONDS)
    in_time = resources.within(_TEST_SECONDS)
    try:
        with subscribe(source.name) as received:
            # A source that has just been started reads from where the topic ends once it has joined its group, so
            # the first message may pass before.
            while event is None and not deadline.expired:
                in_time.publish_through(source.name, source.topic, message)
                published = True
                event = received.wait_for(mark, min(_SECONDS_AN_ATTEMPT, deadline.remaining()))
    except VantiqError as error:
        failure = str(error)
    if event is None:
        findings.append(Finding("error", f"source {source.name}", _test_fault(source.topic, published, failure)))
    return TestResult(source.topic, published, event is not None, event)


def _test_message(mark: str, *, as_json: bool) -> dict[str, Any]:
    value: Any = mark
    if as_json:
        value = {"test": mark}
    return {"key": "msk-vantiq-toolkit", "value": value}


def _test_fault(topic: str, published: bool, failure: str) -> str:
    if not published:
        return f"the test message could not be sent: {failure}"
    text = (
        f"the test message was sent through it and did not come back from {topic} in time; the source stays "
        "registered: check its errors in Vantiq, and whether its consumer.topics contain that topic"
    )
    if failure:
        text += f"; last error: {failure}"
    return text
