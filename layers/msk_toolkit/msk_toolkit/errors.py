"""The toolkit's error tree; adapters turn every library's errors into one of these."""


class ToolkitError(Exception):
    """Something the toolkit can name; its text is fit for a log and never holds a secret."""


class ConfigurationError(ToolkitError):
    """What the user declared can't work; carries every problem found, not the first one."""

    def __init__(self, subject: str, problems: list[str]) -> None:
        self.subject = subject
        self.problems = problems
        super().__init__(f"{subject}: " + "; ".join(problems))


class CredentialsError(ToolkitError):
    """A secret can't be read or doesn't hold what is needed."""


class AwsError(ToolkitError):
    """An AWS API refused or didn't answer.

    Args:
        text: the error's text.
        code: the API's own, such as ``AccessDeniedException``; empty where there was no answer.
    """

    def __init__(self, text: str, code: str = "") -> None:
        self.code = code
        super().__init__(text)


class OutcomeUnknownError(ToolkitError):
    """Nobody can tell whether what was asked for has been done, or still will be."""


class StageError(ToolkitError):
    """A step on the way to a peer failed.

    Args:
        stage: the step, such as ``tcp``.
        cause: a name from :mod:`msk_toolkit.causes`.
        peer: ``host:port``.
        detail: what the peer or the system said, in one sentence.
    """

    def __init__(self, stage: str, cause: str, peer: str, detail: str) -> None:
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
        retriable: whether Kafka calls the error passing.
    """

    def __init__(self, api: str, code: int, name: str, detail: str = "", *, retriable: bool = False) -> None:
        self.api = api
        self.code = code
        self.name = name
        self.retriable = retriable
        super().__init__(f"{api} answered {name}" + (f": {detail}" if detail else ""))


class VantiqError(ToolkitError):
    """Vantiq refused a request or didn't answer it."""


class NotBegunError(ToolkitError):
    """What was asked for was given up before its first change; the text says why."""
