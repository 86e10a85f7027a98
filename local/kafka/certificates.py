"""A certificate authority made on the spot, for the local brokers, the Vantiq stand-in and the tests."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=30)
_CLOCK_SKEW = timedelta(minutes=5)


class CertificateAuthority:
    """An authority whose certificate and key are in one directory as ``ca.pem`` and ``ca.key``.

    Its certificates carry what strict verification (Python 3.13 and later) asks for: key identifiers, key usage
    and subject alternative names.
    """

    def __init__(self, directory: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._directory = directory
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, directory: Path) -> Self:
        """Make a new authority in ``directory``."""
        directory.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name("Local test CA")
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SKEW)
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write_certificates(directory / "ca.pem", [certificate])
        _write_key(directory / "ca.key", key)
        return cls(directory, certificate, key)

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The authority that ``create`` made in ``directory``."""
        key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{directory / 'ca.key'} is not an elliptic-curve key")
        return cls(directory, x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes()), key)

    @property
    def ca_file(self) -> Path:
        """The authority's own certificate: what a client trusts (PEM)."""
        return self._directory / "ca.pem"

    def issue(
        self,
        name: str,
        sans: Sequence[str],
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> tuple[Path, Path]:
        """A certificate for a server or client; returns the paths of its chain and of its key (PEM, unencrypted).

        ``name`` is the common name and the file's name; ``sans`` are host names and IP addresses. Without times it is
        valid from now on for 30 days.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before or now - _CLOCK_SKEW)
            .not_valid_after(not_after or now + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([_san(san) for san in sans]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate_file, key_file = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        _write_certificates(certificate_file, [certificate, self._certificate])
        _write_key(key_file, key)
        return certificate_file, key_file


def key_store(chain: Path, key: Path, password: str) -> bytes:
    """A PKCS#12 key store of a chain and its key (PEM files): Kafka before 2.7 reads no PEM."""
    certificate, *authorities = x509.load_pem_x509_certificates(chain.read_bytes())
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key} is not an elliptic-curve key")
    encryption = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(b"key", private, certificate, authorities, encryption)


def trust_store(ca_file: Path, password: str) -> bytes:
    """A PKCS#12 trust store of an authority (a PEM file), as Java reads it."""
    entries = [
        pkcs12.PKCS12Certificate(certificate, b"ca")
        for certificate in x509.load_pem_x509_certificates(ca_file.read_bytes())
    ]
    return pkcs12.serialize_java_truststore(entries, serialization.BestAvailableEncryption(password.encode()))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _san(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_certificates(path: Path, certificates: Sequence[x509.Certificate]) -> None:
    path.write_bytes(b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates))


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
