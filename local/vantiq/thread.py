"""A stand-in for code that is not asynchronous."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from local.vantiq.app import VantiqStandIn
from local.vantiq.settings import StandInSettings

_PATIENCE_SECONDS = 10.0


@contextlib.contextmanager
def running_standin(**settings: Any) -> Iterator[VantiqStandIn]:
    """A stand-in in a thread of its own; settings as in ``StandInSettings``."""
    vantiq = VantiqStandIn(StandInSettings(**settings))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="vantiq-stand-in", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(vantiq.start(), loop).result(_PATIENCE_SECONDS)
        yield vantiq
    finally:
        asyncio.run_coroutine_threadsafe(vantiq.stop(), loop).result(_PATIENCE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE_SECONDS)
        loop.close()
