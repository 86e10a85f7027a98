"""tinyproxy, an HTTP proxy that nobody here wrote, on loopback."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TINYPROXY = shutil.which("tinyproxy")
needs_tinyproxy = pytest.mark.skipif(TINYPROXY is None, reason="no tinyproxy (apt-get install tinyproxy-bin)")
USERNAME, PASSWORD = "toolkit", "hush-hush"
_START_SECONDS = 20.0


class Tinyproxy:
    """A proxy that may be stopped and started again on its port.

    Args:
        allowed: the one port that CONNECT may name.
    """

    def __init__(self, folder: Path, allowed: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        self._log = folder / f"tinyproxy-{self.port}.log"
        self._configuration = folder / f"tinyproxy-{self.port}.conf"
        lines = [
            f"Port {self.port}",
            "Listen 127.0.0.1",
            "Timeout 60",
            "MaxClients 50",
            f'LogFile "{self._log}"',
            "LogLevel Connect",
            f"BasicAuth {USERNAME} {PASSWORD}",
            f"ConnectPort {allowed}",
        ]
        self._configuration.write_text("\n".join([*lines, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As in VANTIQ_PROXY."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connects(self) -> int:
        """How often a client has asked for a way through."""
        return self._log.read_text().count(": CONNECT ") if self._log.exists() else 0

    def start(self) -> None:
        """Start it, and return when it accepts connections."""
        self._process = subprocess.Popen([str(TINYPROXY), "-d", "-c", self._configuration], stdout=subprocess.DEVNULL)
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < until, "tinyproxy does not start"
                assert self._process.poll() is None, "tinyproxy has ended"
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End it, and with it the connections that go through it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_tinyproxy(folder: Path, allowed: int) -> Iterator[Tinyproxy]:
    """One that ends with the test."""
    proxy = Tinyproxy(folder, allowed)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
