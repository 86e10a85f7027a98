"""A client whose Vantiq is a scripted server on loopback."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.client import Clocks, VantiqClient
from msk_toolkit.vantiq.connection import VantiqEndpoint
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.clock_fake import FakeClock
from tests.fakes.http_fake import Script, ScriptedServer


class FixedToken:
    """Tokens to hand out, the next one whenever the last was refused."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.renewals = 0

    @property
    def known(self) -> str | None:
        return None

    def text(self, deadline: Deadline) -> str:
        return self.texts[0]

    def renewed(self, refused: str, deadline: Deadline) -> str:
        self.renewals += 1
        if len(self.texts) > 1:
            self.texts.pop(0)
        return self.texts[0]


@contextmanager
def client_of(
    *scripts: Script, token: FixedToken | None = None, timeout: float = 10.0, clock: FakeClock | None = None
) -> Iterator[tuple[VantiqClient, ScriptedServer]]:
    """A client of a server that plays scripts."""
    with ScriptedServer(*scripts) as server:
        address = VantiqAddress(False, "127.0.0.1", server.port)
        client = VantiqClient(
            VantiqEndpoint(address),
            token or FixedToken("abc"),
            namespace="my.ns",
            timeout_seconds=timeout,
            clocks=Clocks(clock or time.monotonic, clock or time.time),
        )
        try:
            yield client, server
        finally:
            client.close()


def failure(script: Script, *, seconds: float = 10.0, body: bytes = b"{}") -> VantiqUnansweredError:
    """How a POST to a server with this script fails."""
    with client_of(script) as (client, _), pytest.raises(VantiqUnansweredError) as caught:
        client.request("POST", "/x", body, Deadline(seconds))
    return caught.value
