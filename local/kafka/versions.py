"""How a version of Apache Kafka is run: with ZooKeeper or without, on which Java, from which build of Scala."""

from typing import NamedTuple

from packaging.version import InvalidVersion, Version

# The newest patch of the newest line that MSK offers: 4.1.x since October 2025, and no 4.2 by November 2026.
DEFAULT_VERSION = "4.1.2"
OLDEST_VERSION = "2.2.1"
# Without ZooKeeper, brokers before 3.5 know no SCRAM users (and before 3.3 are a preview).
_FIRST_KRAFT = Version("3.5.0")
# Java 24 took away what older versions log in with. Java 11 runs all of them down to the oldest.
_FIRST_ON_THE_PROJECTS_JAVA = Version("3.9.1")
# Kafka 2.4 came with a new interface for authorizers, and was the first that was built for Scala 2.13.
_FIRST_NEW_AUTHORIZER = _FIRST_SCALA_2_13 = Version("2.4.0")


class Runtime(NamedTuple):
    """How a version is run.

    ``java`` is the release of a Java runtime of its own, None for the project's. ``authorizer`` is the class that keeps
    the ACLs, ``scala`` a part of the name of the brokers' jar.
    """

    zookeeper: bool
    java: int | None
    authorizer: str
    scala: str


def runtime_of(version: str) -> Runtime:
    """How to run a version, such as "2.2.1".

    Raises:
        ValueError: it can't be run here; the message says why.
    """
    try:
        parsed = Version(version)
    except InvalidVersion as error:
        raise ValueError(f"{version!r} is not a version of Apache Kafka (example: {DEFAULT_VERSION})") from error
    if parsed < Version(OLDEST_VERSION):
        raise ValueError(f"Apache Kafka {version} can't be run here; the oldest supported version is {OLDEST_VERSION}")
    zookeeper = parsed < _FIRST_KRAFT
    return Runtime(
        zookeeper=zookeeper,
        java=_java(parsed),
        authorizer=_authorizer(parsed, zookeeper),
        scala=_scala(parsed),
    )


def _java(version: Version) -> int | None:
    if version < _FIRST_ON_THE_PROJECTS_JAVA:
        return 11
    return None


def _scala(version: Version) -> str:
    if version < _FIRST_SCALA_2_13:
        return "2.12"
    return "2.13"


def _authorizer(version: Version, zookeeper: bool) -> str:
    if not zookeeper:
        return "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    if version < _FIRST_NEW_AUTHORIZER:
        return "kafka.security.auth.SimpleAclAuthorizer"
    return "kafka.security.authorizer.AclAuthorizer"
