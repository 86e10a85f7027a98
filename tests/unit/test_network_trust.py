"""Certificates that Python refuses and Java takes, what ends a handshake, and how a pasted certificate is read."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.network.connect import open_tcp, start_tls
from msk_toolkit.network.trust import pem_certificates, tls_context

pytestmark = pytest.mark.enable_socket

NOW = datetime.now(UTC)
AUTHORITY_USAGE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
Extension = tuple[x509.ExtensionType, bool]


def certificate(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *more: Extension
) -> bytes:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=30))
    )
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Chain:
    """An authority and a server's certificate, complete but for what is left out or added."""

    def __init__(self, *, without: str = "", usage: x509.ExtendedKeyUsage | None = None) -> None:
        root, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority: dict[str, Extension] = {
            "basicConstraints": (x509.BasicConstraints(True, None), True),
            "keyUsage": (AUTHORITY_USAGE, True),
            "subjectKeyIdentifier": (x509.SubjectKeyIdentifier.from_public_key(root.public_key()), False),
        }
        server: dict[str, Extension] = {
            "subjectAltName": (x509.SubjectAlternativeName([x509.DNSName("localhost")]), False),
            "authorityKeyIdentifier": (x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), False),
        }
        for extensions in (authority, server):
            extensions.pop(without, None)
        if usage:
            server["extendedKeyUsage"] = (usage, False)
        self.authority = certificate("root", "root", root, root, *authority.values()).decode()
        self.server = certificate("localhost", "root", self.key, root, *server.values())

    def server_context(self, folder: Path) -> ssl.SSLContext:
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = folder / "server.pem"
        file.write_bytes(self.server + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@contextmanager
def served(context: ssl.SSLContext) -> Iterator[int]:
    """A server that shakes hands once, whether that works or not."""

    def serve() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(5)
            try:
                with context.wrap_socket(sock, server_side=True) as encrypted:
                    encrypted.recv(1)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def failure(server: ssl.SSLContext, authority: str) -> StageError:
    with served(server) as port:
        sock = open_tcp("localhost", port, [(socket.AF_INET, ("127.0.0.1", port))], Deadline(5))
        with pytest.raises(StageError) as caught:
            start_tls(sock, "localhost", port, tls_context(authority), Deadline(5))
    assert caught.value.stage == "tls"
    return caught.value


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("basicConstraints", "invalid CA certificate"),
        ("keyUsage", "does not include key usage"),
        ("subjectKeyIdentifier", "Missing Subject Key Identifier"),
        ("authorityKeyIdentifier", "Missing Authority Key Identifier"),
    ],
)
def test_a_flaw_that_python_refuses_is_not_told_as_an_unknown_authority(
    tmp_path: Path, missing: str, reason: str
) -> None:
    chain = Chain(without=missing)
    error = failure(chain.server_context(tmp_path), chain.authority)
    assert error.cause == "tls-certificate-flawed"
    assert reason in error.detail


def test_another_authority_is_still_told_as_that(tmp_path: Path) -> None:
    assert failure(Chain().server_context(tmp_path), Chain().authority).cause == "tls-untrusted-issuer"


def test_a_certificate_for_clients_is_told_as_that(tmp_path: Path) -> None:
    chain = Chain(usage=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
    assert failure(chain.server_context(tmp_path), chain.authority).cause == "tls-wrong-purpose"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_a_listener_with_old_tls_alone_is_told_as_that(tmp_path: Path) -> None:
    chain = Chain()
    server = chain.server_context(tmp_path)
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.minimum_version, server.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    assert failure(server, chain.authority).cause == "tls-no-common-version"


def test_ciphers_without_a_common_one_and_a_demanded_client_certificate_are_told_apart(tmp_path: Path) -> None:
    chain = Chain()
    server = chain.server_context(tmp_path)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # its key is none of RSA's
    assert failure(server, chain.authority).cause == "tls-no-common-cipher"
    mutual = chain.server_context(tmp_path)
    mutual.maximum_version = ssl.TLSVersion.TLSv1_2
    mutual.verify_mode = ssl.CERT_REQUIRED
    mutual.load_verify_locations(cadata=chain.authority)
    assert failure(mutual, chain.authority).cause == "client-certificate-wanted"


PEM = Chain().authority


@pytest.mark.parametrize(
    "pasted",
    [
        PEM,
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", " "),
        PEM.replace("\n", ""),
        f"# Issuer: F\u0151tan\u00fas\u00edtv\u00e1ny\n{PEM}",
        f"  {PEM}",
    ],
    ids=["as it is", "CRLF", "escaped", "in one line", "without any break", "with a comment", "indented"],
)
def test_a_certificate_is_read_however_it_was_pasted(pasted: str) -> None:
    assert pem_certificates(pasted) == PEM
    assert len(tls_context(pasted).get_ca_certs()) == 1


def test_every_certificate_of_a_text_is_trusted() -> None:
    both = PEM + Chain().authority
    assert pem_certificates(both) == both


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x", "contains no certificate in PEM format"),
        ("\u00fc", "contains no certificate in PEM format"),
        (PEM[:-20], "contains a truncated certificate"),
        (PEM.replace("MII", "M*I"), "certificate 1 is not valid base64"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "contains no readable certificate"),
        (f"{PEM}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "contains a private key"),
    ],
)
def test_text_that_can_not_be_used_is_refused_with_the_reason_and_without_the_text(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=f"TRUSTED_CA: .*{reason}") as caught:
        tls_context(text)
    assert "MII" not in str(caught.value)
