"""The stages dns, tcp and tls, each with its own deadline and cause.

Kafka's and HTTP's clients report all three as one timeout; here each names its cause. ``getaddrinfo`` has no
timeout of its own, so it runs in a thread that is abandoned when the deadline passes.
"""

import errno
import queue
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.stage import Stage

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]

# Keys and digests that are too weak, and what RFC 5280 demands and Python checks since 3.13 (VERIFY_X509_STRICT).
_FLAWED = {66, 67, 68, *range(79, 95)}
_NAME_MISMATCH = {62, 64}
# X.509 verification results, from OpenSSL's x509_vfy.h.
_CERTIFICATE_FAILURES: Mapping[int, tuple[Cause, str]] = {
    9: (Cause.TLS_NOT_YET_VALID, "the certificate is not valid yet"),
    10: (Cause.TLS_EXPIRED, "the certificate has expired"),
    26: (Cause.TLS_WRONG_PURPOSE, "the certificate is not valid for servers"),
    **dict.fromkeys(_NAME_MISMATCH, (Cause.TLS_NAME_MISMATCH, "the certificate is not for {host}")),
    **dict.fromkeys(_FLAWED, (Cause.TLS_CERTIFICATE_FLAWED, "the certificate chain breaks a rule ({reason})")),
}
_UNTRUSTED = (Cause.TLS_UNTRUSTED_ISSUER, "the certificate is not trusted ({reason})")
# Sent where there is no common cipher. TLS 1.2 also sends it to a client without a certificate, after the cipher was
# agreed on.
_HANDSHAKE_REFUSED = "SSLV3_ALERT_HANDSHAKE_FAILURE"
_VERSION_REFUSED = {"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"}
_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE", "RECORD_LAYER_FAILURE"}
_REFUSALS: Mapping[str, tuple[Cause, str]] = {
    **dict.fromkeys(_NOT_TLS, (Cause.TLS_NOT_SPOKEN, "the peer does not use TLS on this port")),
    _HANDSHAKE_REFUSED: (Cause.TLS_NO_COMMON_CIPHER, "the listener accepts none of the offered ciphers"),
    **dict.fromkeys(
        _VERSION_REFUSED, (Cause.TLS_NO_COMMON_VERSION, "the listener supports neither TLS 1.2 nor TLS 1.3")
    ),
}
# What servers answer to a client without a certificate: at the end of the handshake with TLS 1.2, at the first read
# with TLS 1.3.
_CERTIFICATE_REQUIRED = {"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE"}
# What they answer to one that they do not accept, at the same moments: no server sends them for another reason.
_CERTIFICATE_REFUSED: Mapping[str, str] = {
    "TLSV1_ALERT_UNKNOWN_CA": "its issuer is not trusted there",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it is not trusted there",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "it has been revoked",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "it is not of a kind that is accepted there",
}


def resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Stage ``dns``: the addresses of ``host``.

    Raises:
        StageError: ``name-not-found`` or ``resolver-timeout``.
    """
    peer = f"{host}:{port}"
    answer: queue.SimpleQueue[list[Address] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([(family, address) for family, _, _, _, address in entries])
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            answer.put(error)

    threading.Thread(target=ask, daemon=True, name=f"resolve {host}").start()
    try:
        outcome = answer.get(timeout=deadline.timeout())
    except queue.Empty:
        raise StageError(Stage.DNS, Cause.RESOLVER_TIMEOUT, peer, f"the resolver did not answer for {host}") from None
    if isinstance(outcome, OSError | UnicodeError):
        raise _dns_failure(peer, host, outcome) from outcome
    return outcome


def _dns_failure(peer: str, host: str, error: OSError | UnicodeError) -> StageError:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return StageError(Stage.DNS, Cause.RESOLVER_TIMEOUT, peer, f"the resolver failed for {host}")
    return StageError(Stage.DNS, Cause.NAME_NOT_FOUND, peer, f"{host} has no address")


def open_tcp(
    host: str, port: int, addresses: Sequence[Address], deadline: Deadline, passed_over: list[StageError] | None = None
) -> socket.socket:
    """Stage ``tcp``: a connected socket to the first address that answers.

    Args:
        passed_over: takes the failure of each address before it.

    Raises:
        StageError: ``connection-refused``, ``connect-timeout`` or ``unreachable``; that of the last address tried.
    """
    peer = f"{host}:{port}"
    failure: StageError | None = None
    for number, address in enumerate(addresses):
        # An address that swallows packets must leave time for those after it.
        share = deadline.at_most(deadline.remaining() / (len(addresses) - number))
        try:
            return _connected(address, share)
        except OSError as error:
            failure = _tcp_failure(peer, error)
            failure.__cause__ = error
            if passed_over is not None:
                passed_over.append(StageError(Stage.TCP, failure.cause, peer, f"{address[1][0]}: {failure.detail}"))
    raise failure or StageError(Stage.TCP, Cause.UNREACHABLE, peer, "there is no address to connect to")


def _connected(address: Address, deadline: Deadline) -> socket.socket:
    family, place = address
    # A name may have an IPv6 address where the system has no IPv6.
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(deadline.timeout())
        sock.connect(place)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return sock


def start_tls(
    sock: socket.socket,
    host: str,
    port: int,
    context: ssl.SSLContext,
    deadline: Deadline,
    session: ssl.SSLSession | None = None,
) -> ssl.SSLSocket:
    """Stage ``tls``: the socket wrapped, the certificate and name verified; closes it on failure.

    Args:
        session: one of an earlier connection to this peer with this context, which makes the handshake shorter; a peer
            that does not know it any more makes a full one.

    Raises:
        StageError: one of the ``tls-`` causes, or ``connection-closed``.
    """
    peer = f"{host}:{port}"
    sock.settimeout(deadline.timeout())
    try:
        encrypted = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False, session=session)
    except OSError as error:
        sock.close()
        raise _tls_failure(peer, host, error, agreed=False) from error
    try:
        encrypted.do_handshake()
    except OSError as error:
        agreed = encrypted.cipher() is not None
        encrypted.close()
        raise _tls_failure(peer, host, error, agreed=agreed) from error
    return encrypted


def certificate_end(sock: ssl.SSLSocket) -> float:
    """When the peer's certificate expires, in seconds since 1970."""
    certificate = sock.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))


def certificate_failure(error: OSError, peer: str) -> StageError | None:
    """The failure where the peer ended the connection over the client's own certificate: it showed none, or one that
    the peer does not accept; otherwise None."""
    reason = str(error.reason) if isinstance(error, ssl.SSLError) else ""
    if reason in _CERTIFICATE_REQUIRED:
        detail = "the listener requires a client certificate"
        return StageError(Stage.TLS, Cause.CLIENT_CERTIFICATE_WANTED, peer, detail)
    if reason in _CERTIFICATE_REFUSED:
        detail = f"the listener refuses the client's certificate: {_CERTIFICATE_REFUSED[reason]}"
        return StageError(Stage.TLS, Cause.CLIENT_CERTIFICATE_REFUSED, peer, detail)
    return None


def _tcp_failure(peer: str, error: OSError) -> StageError:
    if isinstance(error, TimeoutError):
        return StageError(Stage.TCP, Cause.CONNECT_TIMEOUT, peer, "no answer to the connection attempt")
    if isinstance(error, ConnectionRefusedError):
        return StageError(Stage.TCP, Cause.CONNECTION_REFUSED, peer, "the connection was refused")
    if isinstance(error, ConnectionResetError):
        return StageError(Stage.TCP, Cause.CONNECTION_CLOSED, peer, "the connection was reset at once")
    name = errno.errorcode.get(error.errno or 0, "no code")
    return StageError(Stage.TCP, Cause.UNREACHABLE, peer, f"the host can't be reached ({name})")


def _tls_failure(peer: str, host: str, error: OSError, *, agreed: bool) -> StageError:
    """What ended a handshake; ``agreed`` is whether both sides had settled on a cipher before."""
    if isinstance(error, TimeoutError):
        return StageError(Stage.TLS, Cause.TLS_TIMEOUT, peer, "the TLS handshake did not end in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_failure(peer, host, error)
    return _handshake_failure(peer, error, agreed=agreed)


def _certificate_failure(peer: str, host: str, error: ssl.SSLCertVerificationError) -> StageError:
    cause, detail = _CERTIFICATE_FAILURES.get(error.verify_code, _UNTRUSTED)
    return StageError(Stage.TLS, cause, peer, detail.format(host=host, reason=error.verify_message))


def _handshake_failure(peer: str, error: OSError, *, agreed: bool) -> StageError:
    reason = getattr(error, "reason", None) or "no reason given"
    if failure := certificate_failure(error, peer):
        return failure
    if reason == _HANDSHAKE_REFUSED and agreed:
        return StageError(
            Stage.TLS, Cause.CLIENT_CERTIFICATE_WANTED, peer, "the listener requires a client certificate"
        )
    if reason in _REFUSALS:
        cause, detail = _REFUSALS[reason]
        return StageError(Stage.TLS, cause, peer, detail)
    if isinstance(error, ssl.SSLEOFError | ConnectionError):
        return StageError(
            Stage.TLS, Cause.CONNECTION_CLOSED, peer, "the peer closed the connection during the TLS handshake"
        )
    return StageError(Stage.TLS, Cause.TLS_FAILED, peer, f"the TLS handshake failed ({reason})")
