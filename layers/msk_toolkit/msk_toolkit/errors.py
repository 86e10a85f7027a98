"""The toolkit's error tree; adapters turn every library's errors into one of these."""

from msk_toolkit.causes import Cause
from msk_toolkit.stage import Stage


class ToolkitError(Exception):
    """An error that the toolkit can name; its text may be logged and never holds a secret."""


class ConfigurationError(ToolkitError):
    """The declared configuration can't work; carries every problem, not only the first."""

    def __init__(self, subject: str, problems: list[str]) -> None:
        self.subject = subject
        self.problems = problems
        super().__init__(f"{subject}: " + "; ".join(problems))


class CredentialsError(ToolkitError):
    """A secret can't be read, or does not hold the required values."""


class AwsError(ToolkitError):
    """An AWS API refused a request or did not answer it.

    Args:
        text: the error's text.
        code: the API's own, such as ``AccessDeniedException``; empty where there was no answer.
    """

    def __init__(self, text: str, code: str = "") -> None:
        self.code = code
        super().__init__(text)


class OutcomeUnknownError(ToolkitError):
    """It can't be determined whether the request has been carried out, or still will be."""


class StageError(ToolkitError):
    """A stage of the path to a peer failed.

    Args:
        stage: the step that failed.
        cause: why.
        peer: ``host:port``.
        detail: what the peer or the system said, in one sentence.
    """

    def __init__(self, stage: Stage, cause: Cause, peer: str, detail: str) -> None:
        self.stage = stage
        self.cause = cause
        self.peer = peer
        self.detail = detail
        super().__init__(f"{peer} fails at {stage}: {detail}")


class BrokerError(ToolkitError):
    """A broker answered a request with an error code.

    Args:
        api: the request, such as ``CreateTopics``.
        code: Kafka's error code.
        name: Kafka's name of it, such as ``TOPIC_AUTHORIZATION_FAILED``.
        retriable: whether Kafka calls the error retriable.
    """

    def __init__(self, api: str, code: int, name: str, detail: str = "", *, retriable: bool = False) -> None:
        self.api = api
        self.code = code
        self.name = name
        self.retriable = retriable
        super().__init__(f"{api} answered {name}" + (f": {detail}" if detail else ""))


class VantiqError(ToolkitError):
    """Vantiq refused a request or did not answer it."""


class NotBegunError(ToolkitError):
    """The request was abandoned before its first change; the text says why."""
