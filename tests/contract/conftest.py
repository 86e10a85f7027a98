"""A stand-in over HTTPS, with a certificate of a CA made for the test run, that the vendor's client trusts."""

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.vantiq import VantiqStandIn, running_standin

USER, PASSWORD = "joe", "pa:ss wörd"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, server.pem and server.key."""
    folder = tmp_path_factory.mktemp("tls")
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test CA")])
    now = datetime.now(UTC)

    def builder(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        )

    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    ca = (
        builder(ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vantiq stand-in")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    server = (
        builder(server_name, server_key)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


@pytest.fixture
def vantiq(certificates: Path) -> Iterator[VantiqStandIn]:
    """A stand-in with a type, two topics, a service, a source and a procedure."""
    with running_standin(
        cert=certificates / "server.pem",
        key=certificates / "server.key",
        users={USER: PASSWORD},
        array_results="responses",
    ) as standin:
        standin.define("types", {"name": "Order", "naturalKey": ["id"], "properties": {"id": {}}})
        standin.define("topics", {"name": "/orders/new"})
        standin.define("topics", {"name": "/orders/many", "autoUnwind": True, "isReliable": True})
        standin.define("services", {"name": "shop.Desk", "eventTypes": {"Arrived": {"direction": "INBOUND"}}})
        standin.define("sources", {"name": "Outside"})
        standin.define("procedures", {"name": "shop.echo"})
        yield standin
