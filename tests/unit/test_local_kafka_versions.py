"""How each version of Kafka is run, and what of it needs no broker to be seen."""

import base64
import hashlib
import hmac
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from kafka.admin import ACLOperation
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.check_brokers import BrokerCheck, _check_operations

from local import compat
from local.kafka import CertificateAuthority, KafkaCluster, KafkaOptions, KafkaUnavailableError
from local.kafka.certificates import key_store
from local.kafka.settings import KafkaSettings, broker_properties, port_count
from local.kafka.versions import runtime_of
from local.kafka.zookeeper import _scram_credential
from local.processes import Ledger


@pytest.mark.parametrize(
    ("version", "zookeeper", "java", "authorizer", "scala"),
    [
        ("2.2.1", True, 11, "SimpleAclAuthorizer", "2.12"),
        ("2.8.2", True, 11, "AclAuthorizer", "2.13"),
        ("3.4.1", True, 11, "AclAuthorizer", "2.13"),
        ("3.5.0", False, 11, "StandardAuthorizer", "2.13"),
        ("3.9.1", False, None, "StandardAuthorizer", "2.13"),
        ("3.6.2", False, 11, "StandardAuthorizer", "2.13"),
        ("4.4.0", False, None, "StandardAuthorizer", "2.13"),
    ],
)
def test_each_version_is_run_its_own_way(
    version: str, zookeeper: bool, java: int | None, authorizer: str, scala: str
) -> None:
    runtime = runtime_of(version)
    assert (runtime.zookeeper, runtime.java, runtime.authorizer.rpartition(".")[2], runtime.scala) == (
        zookeeper,
        java,
        authorizer,
        scala,
    )


@pytest.mark.parametrize(
    ("version", "words"), [("latest", "is not a version of Apache Kafka"), ("1.1.1", "the oldest")]
)
def test_a_version_that_cannot_be_run_is_one_clear_error(version: str, words: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "processes.json")
    with pytest.raises(KafkaUnavailableError, match=words):
        KafkaCluster.start(ledger, tmp_path / "home", KafkaOptions("u", "p", tmp_path, version))
    assert ledger.running() == {}


def test_a_relative_cache_is_taken_from_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def programs(version: str, cache: Path, *rest: object) -> object:
        asked.append(cache)
        raise KafkaUnavailableError("enough")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("local.kafka.cluster.kafka_programs", programs)
    with pytest.raises(KafkaUnavailableError, match="enough"):
        KafkaCluster.start(Ledger(Path("processes.json")), Path("home"), KafkaOptions("u", "p", Path("cache")))
    assert asked == [tmp_path / "cache"]


@pytest.mark.parametrize(
    ("version", "wanted", "unwanted"),
    [("2.2.1", "zookeeper.connect", "process.roles"), ("4.1.0", "process.roles", "zookeeper.connect")],
)
def test_a_broker_is_told_of_its_zookeeper_or_that_it_is_a_controller(
    version: str, wanted: str, unwanted: str, tmp_path: Path
) -> None:
    settings = KafkaSettings.choose(
        tmp_path,
        tmp_path / "l",
        KafkaOptions("u", "p", tmp_path, version),
        ports=range(15_000, 15_000 + port_count(version, None)),
    )
    keys = {line.partition("=")[0] for line in broker_properties(settings, 1, tmp_path / "k", "s").splitlines()}
    assert wanted in keys
    assert unwanted not in keys


def test_a_key_store_holds_the_chain_and_its_key(tmp_path: Path) -> None:
    authority = CertificateAuthority.create(tmp_path)
    store = load_pkcs12(key_store(*authority.issue("broker", ["localhost"]), "secret"), b"secret")
    assert store.key is not None
    assert store.cert is not None
    assert store.cert.certificate.public_key() == store.key.public_key()
    assert [each.certificate.subject for each in store.additional_certs] == [store.cert.certificate.issuer]


def test_what_zookeeper_keeps_of_a_password_proves_a_login() -> None:
    kept = dict(part.split("=", 1) for part in _scram_credential("pässword").split(","))
    salted = hashlib.pbkdf2_hmac("sha512", "pässword".encode(), base64.b64decode(kept["salt"]), int(kept["iterations"]))
    client_key = hmac.digest(salted, b"Client Key", "sha512")
    assert base64.b64decode(kept["stored_key"]) == hashlib.sha512(client_key).digest()
    assert base64.b64decode(kept["server_key"]) == hmac.digest(salted, b"Server Key", "sha512")


def checked(topic: Topic) -> BrokerCheck:
    one = BrokerCheck(BrokerAddress("b", 9096), StageLog(Deadline(5), 5))
    _check_operations(one, topic, (ACLOperation.WRITE.value,))
    return one


def test_permissions_that_an_old_broker_does_not_tell_are_no_warning() -> None:
    (result,) = checked(Topic("t", 0, False, (), operations=None)).log.results
    assert (result.stage, result.status) == ("acl", "skipped")
    assert "before Kafka 2.3" in (result.detail or "")


def test_a_denied_topic_fails_there_all_the_same() -> None:
    with pytest.raises(StageError, match="denied"):
        checked(Topic("t", 29, False, (), operations=None))


def test_a_compat_cell_tells_passed_failed_and_not_possible() -> None:
    tests = ("<testcase name='a'/>", "<testcase name='b'><failure/></testcase>")
    text = f"<s>{''.join(tests)}<testcase name='c'><skipped message='why'/></testcase></s>"
    cell = compat._cell("2.2.1", "topics", 3.0, ET.fromstring(text).iter("testcase"))  # noqa: S314 - our own text
    assert (cell.passed, cell.failed, cell.not_possible, cell.ok) == (1, ["b"], ["why"], False)
    assert cell.text == "1 FAILED (1, 1 not possible), 3 s"
