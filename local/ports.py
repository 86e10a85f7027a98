"""Free TCP ports for the parts of the local system."""

import os
import random
import socket
from collections.abc import Sequence
from itertools import islice

# Below the range from which kernels take the port of an outgoing connection (Linux: from 32768, macOS: from 49152).
# A port inside it can be taken by any client while a broker restarts; worse, a client that retries a dead port of
# 127.0.0.1 can be given that very port, and is then connected to itself.
CANDIDATES = range(15_000, 30_000)
# A part of them, such as "15000-18749", for each of several runs at the same time: between a draw and the moment when
# the port is listened on, another run could draw the same.
PART = "LOCAL_PORTS"


def free_ports(count: int, candidates: Sequence[int] | None = None) -> list[int]:
    """``count`` different ports that are free on every address of this machine, over IPv4 and IPv6.

    Raises:
        OSError: there are not so many among the candidates.
    """
    candidates = candidates or _candidates()
    shuffled = random.sample(candidates, len(candidates))
    ports = list(islice(filter(_is_free, shuffled), count))
    if len(ports) < count:
        raise OSError(f"only {len(ports)} of {count} ports are free between {min(candidates)} and {max(candidates)}")
    return ports


def _candidates() -> Sequence[int]:
    if not (part := os.environ.get(PART)):
        return CANDIDATES
    first, _, last = part.partition("-")
    return range(int(first), int(last) + 1)


def _is_free(port: int) -> bool:
    dual = socket.has_dualstack_ipv6()
    family = {True: socket.AF_INET6, False: socket.AF_INET}[dual]
    with socket.socket(family) as probe:
        if dual:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            probe.bind(("", port))  # bound for a moment and never listening: nobody can connect
        except OSError:
            return False
        return True
