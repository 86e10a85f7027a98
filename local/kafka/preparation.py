"""What a new cluster needs before its first start: certificates, configuration, and the cluster's user."""

import secrets
from pathlib import Path

from local.kafka.certificates import CertificateAuthority, key_store, trust_store
from local.kafka.kraft import format_data
from local.kafka.programs import KafkaPrograms
from local.kafka.settings import BROKER_NAMES, TRUST_STORE, KafkaSettings, broker_properties, write_private
from local.kafka.users import put_scram_user, zookeeper_of
from local.processes import Ledger


def prepare(settings: KafkaSettings, certificates: Path, programs: KafkaPrograms, ledger: Ledger) -> None:
    """Write the brokers' files, and put the cluster's user where the brokers will look for it.

    Versions with a ZooKeeper have it running afterwards.

    Raises:
        FormatError, UserError: the user can't be put in place.
        ProcessError: ZooKeeper does not start.
    """
    authority = CertificateAuthority.create(certificates)
    store, store_password = certificates / "broker.p12", secrets.token_urlsafe(16)
    store.touch(mode=0o600)
    store.write_bytes(key_store(*authority.issue("broker", BROKER_NAMES), store_password))
    store.with_name(TRUST_STORE).write_bytes(trust_store(authority.ca_file, store_password))
    for broker in settings.brokers:
        settings.broker_home(broker).mkdir()
        properties = broker_properties(settings, broker, store, store_password)
        write_private(settings.properties_file(broker), properties)
    zookeeper = zookeeper_of(settings)
    if zookeeper is None:
        format_data(programs, settings)
    else:
        zookeeper.start(programs, ledger)
        put_scram_user(settings, settings.username, settings.password)
