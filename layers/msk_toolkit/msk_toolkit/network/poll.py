"""What an event loop waits with: the system's poll, and threads for calls that block."""

import contextlib
import math
import select
import socket
import threading
from collections.abc import Callable


class SocketPoll:
    """Waits for sockets, and for the ends of calls; for one thread, but for the calls."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._expected: set[int] = set()
        # What the poll knows, by socket. A socket that is forgotten stays for a while: mostly it is expected again.
        self._registered: dict[int, int] = {}
        # A call's thread sends to the second, which makes the first ready.
        self._bells: tuple[socket.socket, socket.socket] | None = None

    def expect(self, fd: int, events: int) -> None:
        """See :class:`msk_toolkit.network.event_loop.Poll`."""
        self._expected.add(fd)
        if self._registered.get(fd) != events:
            self._poll.register(fd, events)
            self._registered[fd] = events

    def forget(self, fd: int) -> None:
        """See :class:`msk_toolkit.network.event_loop.Poll`."""
        self._expected.discard(fd)

    def wait(self, seconds: float) -> list[int]:
        """See :class:`msk_toolkit.network.event_loop.Poll`; it may end early where a socket was expected before."""
        milliseconds = None if seconds == math.inf else seconds * 1000
        ready: list[int] = []
        for fd, _ in self._poll.poll(milliseconds):
            if fd in self._expected:
                self._expected.remove(fd)
                ready.append(fd)
            # Its number may have been that of a socket that was forgotten and closed.
            elif self._bells is not None and fd == self._bells[0].fileno():
                self._bells[0].recv(4096)
            else:
                self._poll.unregister(fd)
                del self._registered[fd]
        return ready

    def start(self, call: Callable[[], None]) -> None:
        """See :class:`msk_toolkit.network.event_loop.Poll`."""
        if self._bells is None:
            self._bells = socket.socketpair()
            self._poll.register(self._bells[0], select.POLLIN)
            self._registered.pop(self._bells[0].fileno(), None)
        bell = self._bells[1]

        def run() -> None:
            call()
            # Nobody waits any more where it is closed.
            with contextlib.suppress(OSError):
                bell.send(b"!")

        threading.Thread(target=run, daemon=True, name="blocking call").start()

    def close(self) -> None:
        """See :class:`msk_toolkit.network.event_loop.Poll`."""
        for fd in self._registered:
            self._poll.unregister(fd)
        self._registered.clear()
        self._expected.clear()
        if self._bells is not None:
            self._poll.unregister(self._bells[0])
            for bell in self._bells:
                bell.close()
            self._bells = None
