"""How a Java client of the cluster's version comes to trust the brokers' certificates."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from packaging.version import Version

from local.kafka import KafkaCluster

# Before, a configuration can't carry certificates.
_FIRST_PEM = Version("2.7")
_PASSWORD = "not-a-secret"


def trusted_ca(kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """The authority's certificate (PEM), as the generated files carry it for clients from 2.7 on.

    "" for older ones: on MSK they trust Amazon's authorities because Java does. So Java does here, until the test ends.
    """
    if Version(kafka.settings.version) >= _FIRST_PEM:
        return kafka.ca_file.read_text()
    certificate = x509.load_pem_x509_certificate(kafka.ca_file.read_bytes())
    encryption = BestAvailableEncryption(_PASSWORD.encode())
    store = folder / "trusted.p12"
    store.write_bytes(serialize_java_truststore([PKCS12Certificate(certificate, b"ca")], encryption))
    options = {"trustStore": store, "trustStoreType": "PKCS12", "trustStorePassword": _PASSWORD}
    told = " ".join(f"-Djavax.net.ssl.{name}={value}" for name, value in options.items())
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", told)
    return ""
