"""What keeps a request to Vantiq from being answered."""

from typing import Literal

from msk_toolkit.errors import VantiqError

RequestStage = Literal["dns", "tcp", "tls", "send", "answer"]


class VantiqUnansweredError(VantiqError):
    """No answer: the way to Vantiq failed, or the connection did before the answer was complete.

    Args:
        stage: the step that failed.
        cause: a short name, such as ``connection-refused`` or ``answer-timeout``.
        peer: ``host:port``.
        detail: what happened, in a few words.
        maybe_taken: Vantiq may have acted on the request: sending it again can make a duplicate.
    """

    def __init__(self, stage: RequestStage, cause: str, peer: str, detail: str, *, maybe_taken: bool) -> None:
        self.stage = stage
        self.cause = cause
        self.peer = peer
        self.maybe_taken = maybe_taken
        super().__init__(f"Vantiq at {peer} fails at {stage}: {detail}")
