"""Unit tests touch no network.

A test that talks to a server of its own asks for it with `pytest.mark.enable_socket`, and reaches loopback only.
"""

import pytest
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

LOOPBACK = ["127.0.0.0/8", "::1", "localhost"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # pytest-socket itself undoes both when a test is over, but for a name look-up that the test had replaced:
    # monkeypatch puts the refusal back after that.
    enable_socket()
    if item.get_closest_marker("enable_socket"):
        socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)
