"""SCRAM users of a cluster: put in place by ZooKeeper or by the brokers' own admin request."""

from local.kafka.settings import KafkaSettings
from local.kafka.zookeeper import ZooKeeper, ZooKeeperError


class UserError(Exception):
    """A SCRAM user can't be added."""


def zookeeper_of(settings: KafkaSettings) -> ZooKeeper | None:
    """The cluster's ZooKeeper; None for versions that need none."""
    if settings.zookeeper_port is None:
        return None
    return ZooKeeper(settings.home / "zookeeper", settings.zookeeper_port)


def put_scram_user(settings: KafkaSettings, username: str, password: str) -> None:
    """Add a SCRAM-SHA-512 user, or change its password; the brokers learn of it later.

    Raises:
        UserError: the cluster refuses, or ZooKeeper does not answer.
    """
    zookeeper = zookeeper_of(settings)
    if zookeeper is None:
        refusal = _ask_brokers(settings, username, password)
    else:
        refusal = _ask_zookeeper(zookeeper, username, password)
    if refusal:
        raise UserError(f"the user {username} can't be added: {refusal}")


def _ask_zookeeper(zookeeper: ZooKeeper, username: str, password: str) -> str:
    try:
        zookeeper.put_scram_user(username, password)
    except ZooKeeperError as error:
        return str(error)
    return ""


def _ask_brokers(settings: KafkaSettings, username: str, password: str) -> str:
    # Not above, as in cluster.py.
    from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap("PLAINTEXT").split(","))
    try:
        change = UserScramCredentialUpsertion(username, ScramMechanism.SCRAM_SHA_512, password)
        refusal = admin.alter_user_scram_credentials([change])[username]
    finally:
        admin.close()
    return str(refusal or "")
