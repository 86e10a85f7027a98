"""boto3 clients whose every call is bounded."""

from collections.abc import Callable
from typing import Any, Literal

from botocore.config import Config

# An answer takes a moment longer than the function.
_BEYOND_TIMEOUT_SECONDS = 30
_QUESTION_SECONDS = 30

Client = Callable[[str], Any]
# A boto3.Session: its stubs know services by literal names only.
Session = Any


def _config(read_timeout: float, attempts: Literal[1, 4]) -> Config:
    # An invocation that is lost must not be asked for again: nobody knows whether the first one ran.
    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return Config(connect_timeout=5, read_timeout=read_timeout, retries=retries, tcp_keepalive=True)


def client_maker(session: Session, endpoint: str | None) -> Client:
    """Makes a client of a service for questions, which may be asked again."""
    config = _config(_QUESTION_SECONDS, attempts=4)
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, endpoint_url=endpoint, config=config)
        return made[service]

    return client


def writer_maker(session: Session, endpoint: str | None) -> Client:
    """Makes a client of a service for what must not be done twice."""
    config = _config(_QUESTION_SECONDS, attempts=1)
    return lambda service: session.client(service, endpoint_url=endpoint, config=config)


def invoker_maker(session: Session, endpoint: str | None) -> Callable[[float], Any]:
    """Makes a Lambda client that waits for as long as a function with this timeout (in seconds) can take."""

    def invoker(timeout: float) -> Any:
        config = _config(timeout + _BEYOND_TIMEOUT_SECONDS, attempts=1)
        return session.client("lambda", endpoint_url=endpoint, config=config)

    return invoker
