"""Ctrl-C, SIGTERM and a terminal that closes end a run in the same way, and wait for what must not be cut off."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLITE = (signal.SIGTERM, signal.SIGHUP)


def end_as_on_ctrl_c() -> None:
    """SIGTERM and SIGHUP raise KeyboardInterrupt from now on, so that who has started something ends it.

    What is ignored stays so: ``nohup`` asks for that.
    """
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]

    def interrupt(number: int, _: object) -> None:
        if number == signal.SIGHUP:
            _silence(terminals)
        raise KeyboardInterrupt

    for number in _POLITE:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


@contextmanager
def not_cut_off() -> Iterator[None]:
    """Ctrl-C and its like take effect behind this block only, as a KeyboardInterrupt. For the main thread."""
    came: list[int] = []
    heard = [number for number in (signal.SIGINT, *_POLITE) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def _silence(streams: list[int]) -> None:
    """Writing to a terminal that has closed is an error, also in what ends the run."""
    with Path(os.devnull).open("wb") as nowhere:
        for stream in streams:
            os.dup2(nowhere.fileno(), stream)
