"""The CAs that a connection trusts: the system's, or the ones in TRUSTED_CA."""

import base64
import binascii
import functools
import re
import ssl
from collections.abc import Iterable

from msk_toolkit.errors import ConfigurationError

_BLOCK = re.compile(r"-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----(.*?)-----END \1-----", re.DOTALL)
_BEGIN = re.compile(r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_LINE = 64


@functools.cache
def tls_context(trusted_ca: str = "") -> ssl.SSLContext:
    """A client context that verifies certificate and host name; made once a process (loading takes 20 ms).

    Args:
        trusted_ca: PEM text of the CAs to trust, see :func:`pem_certificates`; empty for the system's.

    Raises:
        ConfigurationError: the text can't be used, with the reason.
    """
    return trusting_context(trusted_ca)


def trusting_context(trusted_ca: str) -> ssl.SSLContext:
    """The same as a context of one's own, to be given a client certificate.

    Raises:
        ConfigurationError: as :func:`tls_context`.
    """
    if not trusted_ca:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=pem_certificates(trusted_ca))
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError("TRUSTED_CA", ["contains no readable certificate"]) from error


def pem_certificates(text: str) -> str:
    """The certificates of a text as PEM that every reader accepts.

    Comments in any alphabet, line ends of any kind, the two characters ``\\n``, and certificates pasted into one line
    are read, as Java reads them; OpenSSL accepts neither non-ASCII comments nor a single line.

    Raises:
        ConfigurationError: there is no certificate, one is truncated, or there is a private key.
    """
    text = text.replace("\\r", "").replace("\\n", "\n")
    blocks = [(label, "".join(body.split())) for label, body in _BLOCK.findall(text)]
    problems = [*_problems_of_lines(text, len(blocks)), *_problems_of_content(blocks)]
    if problems:
        raise ConfigurationError("TRUSTED_CA", problems)
    return "".join(_as_pem(label, body) for label, body in blocks)


def _problems_of_lines(text: str, complete: int) -> list[str]:
    problems = []
    if "PRIVATE KEY-----" in text:
        problems.append("contains a private key: remove it, only the CA's certificate is needed")
    begun = len(_BEGIN.findall(text))
    if not begun:
        problems.append("contains no certificate in PEM format: the line -----BEGIN CERTIFICATE----- is missing")
    elif begun != complete:
        problems.append("contains a truncated certificate: an -----END CERTIFICATE----- line is missing")
    return problems


def _problems_of_content(blocks: Iterable[tuple[str, str]]) -> list[str]:
    problems = []
    for number, (_, body) in enumerate(blocks, 1):
        try:
            base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            problems.append(f"certificate {number} is not valid base64: it was truncated or altered")
    return problems


def _as_pem(label: str, body: str) -> str:
    lines = [body[start : start + _LINE] for start in range(0, len(body), _LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
