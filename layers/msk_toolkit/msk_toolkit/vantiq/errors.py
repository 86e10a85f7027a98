"""What keeps a request to Vantiq from being answered."""

from typing import Literal

from msk_toolkit.errors import VantiqError

# ``proxy`` is the answer of a proxy to CONNECT; with a proxy, dns and tcp are its own.
RequestStage = Literal["dns", "tcp", "proxy", "tls", "send", "answer"]


class VantiqUnansweredError(VantiqError):
    """No answer: the way to Vantiq failed, or the connection did before the answer was complete.

    Args:
        stage: the step that failed.
        cause: a short name, such as ``connection-refused`` or ``answer-timeout``.
        peer: ``host:port``.
        detail: what happened, in a few words.
        maybe_taken: Vantiq may have acted on the request: sending it again can make a duplicate.
    """

    # Who fails, in a sentence.
    who = "Vantiq"

    def __init__(self, stage: RequestStage, cause: str, peer: str, detail: str, *, maybe_taken: bool) -> None:
        self.stage = stage
        self.cause = cause
        self.peer = peer
        self.maybe_taken = maybe_taken
        super().__init__(f"{self.who} at {peer} fails at {stage}: {detail}")


class ProxyError(VantiqUnansweredError):
    """The proxy on the path to Vantiq failed, so that nothing of the request has left.

    ``peer`` is the proxy's.
    """

    who = "the proxy"

    def __init__(self, stage: RequestStage, cause: str, peer: str, detail: str) -> None:
        super().__init__(stage, cause, peer, detail, maybe_taken=False)
