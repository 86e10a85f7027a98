"""On which ports a process listens."""

import psutil


def listening_ports(process: psutil.Process | None) -> set[int]:
    """The TCP ports on which the process listens; none when it has ended."""
    if process is None:
        return set()
    try:
        sockets = process.net_connections("tcp")
    except psutil.NoSuchProcess:
        return set()
    return {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}
