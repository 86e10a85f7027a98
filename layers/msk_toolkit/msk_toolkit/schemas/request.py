"""One GET of a schema registry, whose every step ends by a deadline."""

import contextlib
import ssl
from typing import NamedTuple
from urllib.parse import quote

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.network.connect import open_tcp, resolve, start_tls
from msk_toolkit.path_causes import PathCause
from msk_toolkit.schemas.errors import RegistryError
from msk_toolkit.settings.schemas import RegistryAddress
from msk_toolkit.vantiq.response_reader import BrokenOffError, NotHttpError, ResponseReader, ResponseTooLargeError

# A schema has 1 MB at most in Confluent's cloud, and comes as text in JSON.
_MOST_BYTES = 4 * 1024 * 1024
_READ_BYTES = 65_536
_UNREADABLE = (NotHttpError, BrokenOffError, ResponseTooLargeError)


class RegistryResponse(NamedTuple):
    """The registry's answer, whatever its status; redirects are not followed."""

    status: int
    body: bytes


class RegistryAccess(NamedTuple):
    """What a request needs beside its path.

    Args:
        context: verifies the certificate; None for plain HTTP.
        authorization: the header's value; empty for none.
    """

    address: RegistryAddress
    context: ssl.SSLContext | None
    authorization: str = ""


def get(access: RegistryAccess, path: list[str], query: str, deadline: Deadline) -> RegistryResponse:
    """Ask once, over a connection of its own: a schema is asked for once in an environment's life.

    Args:
        path: its parts behind the registry's own.

    Raises:
        RegistryError: no answer, or none that can be read.
    """
    server = access.address.server
    peer = f"{server.host}:{server.port}"
    try:
        sock = open_tcp(server.host, server.port, resolve(server.host, server.port, deadline), deadline)
        if access.context is not None:
            sock = start_tls(sock, server.host, server.port, access.context, deadline)
        with contextlib.closing(sock):
            sock.settimeout(deadline.timeout())
            sock.sendall(_request(access, path, query))
            reader = ResponseReader(_MOST_BYTES)
            while not _is_complete(sock.recv(_READ_BYTES), reader):
                if deadline.expired:
                    raise TimeoutError
                sock.settimeout(deadline.timeout())
    except StageError as error:
        raise _unavailable(str(error)) from error
    except _UNREADABLE:
        # Not chained: nothing of what could not be read is shown.
        raise _unavailable(f"{peer} answers what can't be read") from None
    except OSError as error:
        raise _unavailable(f"{peer} gives no answer ({type(error).__name__})") from None
    return RegistryResponse(reader.status, reader.body)


def _request(access: RegistryAccess, path: list[str], query: str) -> bytes:
    target = access.address.path + "".join(f"/{quote(part, safe='')}" for part in path)
    lines = [
        f"GET {target}{query} HTTP/1.1",
        f"Host: {access.address.server.authority}",
        "Accept: application/vnd.schemaregistry.v1+json, application/json",
        "Connection: close",
    ]
    if access.authorization:
        lines.append(f"Authorization: {access.authorization}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _is_complete(data: bytes, reader: ResponseReader) -> bool:
    if data:
        return reader.feed(data)
    reader.end()
    return True


def _unavailable(detail: str) -> RegistryError:
    return RegistryError(f"the schema registry can't be asked: {detail}", PathCause.SCHEMA_REGISTRY_UNAVAILABLE)
