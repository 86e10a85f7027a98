"""The certificate by which a client logs in with mutual TLS."""

import functools
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from msk_toolkit.errors import CredentialsError
from msk_toolkit.network.trust import tls_context, trusting_context

# A rotated certificate has a context of its own; the earlier one may still be in use.
_KEPT = 4


class ClientCertificate(msgspec.Struct, frozen=True):
    """A chain, the client's certificate first, and its key (PEM); prints neither.

    ``source`` is where it was read, such as a secret's ARN; ``password`` decrypts the key, empty where it is not
    encrypted.
    """

    source: str
    chain: str
    private_key: str
    password: str = ""

    def __repr__(self) -> str:
        return f"ClientCertificate({self.source})"

    __str__ = __repr__


def client_context(trusted_ca: str, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """The context of a connection: what it trusts, and the certificate that it shows where the listener asks for one.

    Raises:
        ConfigurationError: ``trusted_ca`` holds no certificate.
        CredentialsError: the certificate and its key can't be used, with the reason.
    """
    if certificate is None:
        return tls_context(trusted_ca)
    return _with_certificate(trusted_ca, certificate)


@functools.lru_cache(maxsize=_KEPT)
def _with_certificate(trusted_ca: str, certificate: ClientCertificate) -> ssl.SSLContext:
    context = trusting_context(trusted_ca)
    pem = f"{certificate.private_key.strip()}\n{certificate.chain.strip()}\n"
    # An empty password is refused for an encrypted key; without any, OpenSSL would ask on the terminal and wait.
    password = certificate.password.encode()
    try:
        with _file_of(pem.encode()) as path:
            context.load_cert_chain(path, password=lambda: password)
    except (ssl.SSLError, OSError, ValueError) as error:
        # Not chained: the library's message may name what it could not read.
        raise CredentialsError(f"{certificate.source}: {_fault(error, certificate)}") from None
    return context


def _fault(error: Exception, certificate: ClientCertificate) -> str:
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return "the private key is not that of the first certificate in the chain"
    # OpenSSL's own reason does not tell them apart.
    if "ENCRYPTED" in certificate.private_key:
        return "the private key can't be decrypted: privateKeyPassword is missing or wrong"
    return "certificate and private key are not readable PEM text"


@contextmanager
def _file_of(content: bytes) -> Iterator[str]:
    """A file that only this process can read: OpenSSL takes a key from a file alone.

    In memory where the system can do that, so that the key reaches no disk.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("client-certificate")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{descriptor}"
        return
    with tempfile.NamedTemporaryFile() as named:  # readable by its owner alone
        named.write(content)
        named.flush()
        yield named.name
