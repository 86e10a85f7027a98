"""The registry of causes: one row for each reason why a stage fails, with its owner, its meaning and its remedy.

Causes of the rest of the path, from the mapping to Vantiq, are in path_causes.py.

A new cause is a row here and a line on how to confirm it in docs/runbook.py; `make docs` writes it into the documents.
"""

from enum import StrEnum
from typing import Self

from msk_toolkit.stage import FaultClass, Stage


class Owner(StrEnum):
    """Who can fix a cause; the runbook names them."""

    NETWORK = "network team"
    CERTIFICATES = "certificate administrators"
    PERMISSIONS = "credential, IAM and ACL administrators"
    CLUSTER = "Kafka operators (or AWS Support)"
    CLIENTS = "owners of the applications that use the cluster"
    STACK = "owner of this stack (its settings and topics)"
    DATA = "Kafka operators, immediately: possible data loss"
    VANTIQ = "Vantiq administrators"


_NETWORK, _CERTIFICATES, _PERMISSIONS = Owner.NETWORK, Owner.CERTIFICATES, Owner.PERMISSIONS
_CLUSTER, _CLIENTS, _STACK, _DATA = Owner.CLUSTER, Owner.CLIENTS, Owner.STACK, Owner.DATA


class Cause(StrEnum):
    """Why a stage failed, or what it warns of.

    ``owner`` can fix it; ``meaning`` says what it is; ``remedy`` is the first thing to do; ``fault_class`` is what it
    counts as, None where that is the class of the stage at which it is seen.
    """

    owner: Owner
    meaning: str
    remedy: str
    fault_class: FaultClass | None

    def __new__(cls, name: str, owner: Owner, meaning: str, remedy: str, fault_class: FaultClass | None = None) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.owner = owner
        member.meaning = meaning
        member.remedy = remedy
        member.fault_class = fault_class
        return member

    # A table: name and owner, meaning, remedy. With a line for each value it would be twice as long.
    # fmt: off
    # dns
    NAME_NOT_FOUND = ("name-not-found", _NETWORK, "The host name has no address.",
        "Check the bootstrap string, and that DNS resolution is enabled in the VPC (enableDnsSupport).")
    RESOLVER_TIMEOUT = ("resolver-timeout", _NETWORK, "The DNS resolver did not answer in time.",
        "Check the VPC's DNS resolver and its rules for the name's domain.")
    # tcp
    CONNECTION_REFUSED = ("connection-refused", _CLUSTER, "The host is up, but nothing listens on the port.",
        "The broker is down or this listener is disabled: compare the port with AUTH_MODE, check the cluster.")
    CONNECT_TIMEOUT = ("connect-timeout", _NETWORK, "No answer to the connection attempt.",
        "A security group, network ACL or route drops the packets, or the broker hangs: "
        "allow the port from the function's security group.")
    UNREACHABLE = ("unreachable", _NETWORK, "There is no route to the host.",
        "Check the route tables, peering connections and transit gateways.")
    # any stage on an open connection
    CONNECTION_CLOSED = ("connection-closed", _CLUSTER, "The peer closed the connection.",
        "Often the listener is of another kind: compare the port with AUTH_MODE, and check the peer's log.")
    # tls
    TLS_NOT_SPOKEN = ("tls-not-spoken", _STACK, "The peer does not use TLS on this port.",
        "Compare the port with AUTH_MODE: 9092 is plaintext, 9094 TLS, 9096 SCRAM, 9098 IAM.")
    TLS_EXPECTED = ("tls-expected", _STACK, "The listener expects TLS, but the client connected in plaintext.",
        "Compare the port with AUTH_MODE: none is plaintext, on port 9092; every other mode uses TLS.", FaultClass.TLS)
    TLS_EXPIRES_SOON = ("tls-expires-soon", _CERTIFICATES, "The certificate expires within CERTIFICATE_WARN_DAYS.",
        "Renew it before it expires. MSK renews its own certificates; if that has not happened a week before expiry, "
        "open a support case.")
    CLIENT_CERTIFICATE_WANTED = ("client-certificate-wanted", _STACK,
        "The listener requires a client certificate (mutual TLS).",
        "Set AUTH_MODE to mtls with CLIENT_CERTIFICATE_SECRET_ARN, use the SCRAM or IAM listener, or allow "
        "unauthenticated TLS clients on the cluster.")
    CLIENT_CERTIFICATE_REFUSED = ("client-certificate-refused", _STACK,
        "The listener refuses the client certificate (mutual TLS).",
        "Compare its issuer with the CAs that the brokers trust (their trust store, or the private CAs of the MSK "
        "cluster), and its dates; the chain in the secret must begin with the client's own certificate.")
    TLS_UNTRUSTED_ISSUER = ("tls-untrusted-issuer", _STACK, "The certificate's issuer is not trusted.",
        "Set TRUSTED_CA to the issuer's certificate; leave it empty for MSK's public certificates.")
    TLS_EXPIRED = ("tls-expired", _CERTIFICATES, "The certificate has expired.",
        "Renew it. MSK renews its own certificates: for one of those open a support case.")
    TLS_NOT_YET_VALID = ("tls-not-yet-valid", _CERTIFICATES, "The certificate is not valid yet.",
        "Check the clocks and the certificate's validity period.")
    TLS_NAME_MISMATCH = ("tls-name-mismatch", _STACK, "The certificate is for another name.",
        "Use the names that the certificate has, on MSK those that MSK returns. An alias or an IP address can stand "
        "for them only without TLS, or if whoever runs the brokers has a certificate issued for it.")
    TLS_CERTIFICATE_FLAWED = ("tls-certificate-flawed", _CERTIFICATES,
        "The certificate, or a CA above it, breaks a rule of RFC 5280 that Python checks and Java does not.",
        "The CA is the right one, and Java clients may work: have it or the certificate reissued without the flaw (a "
        "CA needs critical basicConstraints, keyUsage with keyCertSign, and key identifiers).")
    TLS_WRONG_PURPOSE = ("tls-wrong-purpose", _CERTIFICATES, "The certificate may not be used by a server.",
        "Reissue it with the extended key usage serverAuth; this one is for clients or for another purpose.")
    TLS_NO_COMMON_VERSION = ("tls-no-common-version", _CLUSTER,
        "The listener offers only TLS versions that are no longer secure.",
        "Allow TLS 1.2 or 1.3 on the listener (ssl.enabled.protocols), or on whatever terminates TLS in front of it.")
    TLS_NO_COMMON_CIPHER = ("tls-no-common-cipher", _CLUSTER, "The listener and the client have no cipher in common.",
        "Compare the listener's ssl.cipher.suites and the type of its key (RSA, EC) with the client's ciphers.")
    TLS_TIMEOUT = ("tls-timeout", _CLUSTER, "The TLS handshake stalled.",
        "The broker accepts connections but does not serve them: check its load and state.")
    TLS_FAILED = ("tls-failed", _CLUSTER, "The TLS handshake failed.",
        "Compare the TLS versions and ciphers of the client and the listener.")
    # sasl
    LOGIN_WANTED = ("login-wanted", _STACK, "The listener requires authentication, but AUTH_MODE has none.",
        "Set AUTH_MODE to scram or iam, whichever the listener offers.")
    MECHANISM_NOT_OFFERED = ("mechanism-not-offered", _STACK, "The listener does not offer this SASL mechanism.",
        "Compare the port and AUTH_MODE with the cluster's authentication settings.")
    AUTHENTICATION_FAILED = ("authentication-failed", _PERMISSIONS, "The broker refused the credentials.",
        "On MSK check that the secret is associated with the cluster, is named AmazonMSK_..., has a customer managed "
        "key and is older than 10 minutes; elsewhere compare user, password and mechanism.")
    IAM_DENIED = ("iam-denied", _PERMISSIONS, "IAM denied the connection.",
        "Allow kafka-cluster:Connect on the cluster's ARN for the function's role.")
    SERVER_NOT_AUTHENTIC = ("server-not-authentic", _NETWORK, "The broker could not prove that it knows the password.",
        "Possible man in the middle: check the names, addresses and certificates.")
    # metadata and later
    NOT_IN_METADATA = ("not-in-metadata", _CLUSTER, "The cluster does not list this broker.",
        "The broker is fenced, stopped or replaced: check the cluster's state.")
    NO_CONTROLLER = ("no-controller", _CLUSTER, "The cluster has no controller.",
        "The controllers have no quorum: check the brokers' state.")
    WRONG_CLUSTER = ("wrong-cluster", _STACK, "The broker belongs to a different cluster from the other brokers.",
        "Check the bootstrap string.")
    REQUEST_TIMEOUT = ("request-timeout", _CLUSTER, "The broker received the request but did not answer in time.",
        "The broker hangs or is overloaded: check its load and state.")
    TOPIC_UNKNOWN = ("topic-unknown", _STACK, "The topic does not exist.", "Run the topics function with action apply.")
    TOPIC_DENIED = ("topic-denied", _PERMISSIONS, "An ACL or IAM policy denies this operation on the topic.",
        "Allow Describe, Read and Write on the topic for the user; MSK's authorizer logs show who was denied what.",
        FaultClass.PERMISSION)
    GROUP_DENIED = ("group-denied", _PERMISSIONS, "An ACL or IAM policy denies access to the consumer group.",
        "Allow Read and Describe on the group for the user; MSK's authorizer logs show who was denied what.",
        FaultClass.PERMISSION)
    LEADERLESS = ("leaderless", _CLUSTER, "A partition has no leader.",
        "All of its replicas are down: bring a broker that has a replica back.")
    WRONG_BROKER = ("wrong-broker", _NETWORK,
        "The address leads to a different broker from the one that the cluster lists for it.",
        "Compare what the name resolves to with the broker's own address: a DNS record, a load balancer's target group "
        "or a port mapping points to the wrong broker.", FaultClass.NETWORK)
    LEADER_MOVED = ("leader-moved", _CLUSTER, "The broker no longer leads the partition.",
        "Leadership moves when brokers restart, and this passes; if it persists, check the cluster's state.")
    OFFSET_NOT_AVAILABLE = ("offset-not-available", _CLUSTER,
        "The partition's new leader does not learn up to which offset its records are committed.",
        "Its followers do not fetch from it: check the other brokers, and the partition's in-sync replicas.")
    THROTTLED = ("throttled", _CLIENTS,
        "The broker throttles the user or the client id, which is over the quota that the detail names.",
        "Check the quotas (kafka-configs.sh --describe --entity-type users) and which other clients use this user.")
    RECORD_TOO_LARGE = ("record-too-large", _STACK, "The record is larger than the topic accepts.",
        "Raise max.message.bytes of the topic, or send smaller records.")
    RECORDS_DAMAGED = ("records-damaged", _CLUSTER,
        "The partition's records can't be read: a batch is not what its header says.",
        "Read it with kafka-console-consumer.sh; if that fails too, check the brokers' disks and the producers.")
    RECORDS_TOO_LARGE = ("records-too-large", _CLIENTS,
        "A small compressed batch of the topic decompresses to more than 64 MB, which the toolkit does not accept.",
        "Find out which producer writes such batches, and have it write smaller ones (its batch.size).")
    TOPIC_COMPACTED = ("topic-compacted", _STACK,
        "The broker refuses the record, most likely because the topic is compacted and the record has no key.",
        "Set cleanup.policy=delete on the probe topic (also where a default in topics.yaml says compact), or give the "
        "probes a topic of their own.")
    TIMESTAMP_REFUSED = ("timestamp-refused", _CLUSTER, "The record's timestamp is too far from the broker's clock.",
        "Compare the clocks of the function's host and of the broker, and the topic's message.timestamp.before.max.ms "
        "and message.timestamp.after.max.ms (1 h by default).")
    CLUSTER_DENIED = ("cluster-denied", _PERMISSIONS, "An ACL or IAM policy denies this operation on the cluster.",
        "Allow it on the cluster for the user: Create and Alter for topics, DescribeConfigs to compare them; MSK's "
        "authorizer logs show who was denied what.", FaultClass.PERMISSION)
    ISR_BELOW_MINIMUM = ("isr-below-minimum", _CLUSTER,
        "Fewer replicas are in sync than min.insync.replicas requires; the write was refused.",
        "Bring the missing broker back, or wait until it has caught up.")
    NOT_ENOUGH_REPLICAS = ("not-enough-replicas", _CLUSTER,
        "The record was written, but then fewer replicas were in sync than min.insync.replicas requires.",
        "A broker left in the meantime: bring it back, or wait until it has caught up.")
    ACKNOWLEDGEMENT_LATE = ("acknowledgement-late", _CLUSTER, "The write was not acknowledged in time.",
        "A follower is slow or gone: check the other brokers' results first.")
    AMBIGUOUS_DELIVERED = ("ambiguous-delivered", _CLUSTER,
        "The write was not acknowledged in time, but the record was written anyway.",
        "A producer that retries writes it twice unless it is idempotent: see the previous stage for the cause.")
    RECORD_ABSENT = ("record-absent", _CLUSTER,
        "The write was not acknowledged in time, and the record was not written.",
        "The write failed as reported: see the previous stage for the cause.")
    RECORD_LOST = ("record-lost", _DATA, "The record was acknowledged but can't be read at its offset.",
        "Treat as data loss: check min.insync.replicas, unclean leader election and the brokers' disks.",
        FaultClass.LOSS)
    RECORD_ALTERED = ("record-altered", _DATA, "A different record is at the acknowledged offset.",
        "Treat as data loss: check min.insync.replicas, unclean leader election and the brokers' disks.",
        FaultClass.LOSS)
    HEARTBEAT_MISSING = ("heartbeat-missing", _DATA,
        "A heartbeat that was acknowledged in an earlier run is missing from its partition; later ones are there.",
        "Treat as data loss: check min.insync.replicas, unclean leader election and the brokers' disks. The probe's "
        "response lists the missing numbers and where they should be.", FaultClass.LOSS)
    COORDINATOR_UNAVAILABLE = ("coordinator-unavailable", _CLUSTER, "The group's coordinator is not available.",
        "Bring back the broker that holds the group's __consumer_offsets partition: kafka-topics.sh --describe "
        "--topic __consumer_offsets --unavailable-partitions shows which one is missing.")
    COORDINATOR_MOVED = ("coordinator-moved", _CLUSTER, "The group's coordinator moved while the probe ran.",
        "Coordinators move when brokers restart, and this passes; if it persists, check the cluster's state.")
    COMMIT_REFUSED = ("commit-refused", _CLUSTER, "The offset commit was refused.",
        "Check the group's state and permissions.")
    REBALANCE_TIMEOUT = ("rebalance-timeout", _CLIENTS, "The group did not settle in time.",
        "Another member delays the rebalance; the broker is not at fault. List the group's members "
        "(kafka-consumer-groups.sh --describe --members), and give the probe a group of its own.")
    BROKER_ERROR = ("broker-error", _CLUSTER, "The broker answered with an error.",
        "Look up the error's name in Kafka's protocol guide.")
    PROTOCOL_ERROR = ("protocol-error", _STACK, "The peer's answer is not valid Kafka protocol.",
        "Check that the port belongs to a broker and not to a proxy.")
    # fmt: on


# A connection that has carried a login or an answer belongs to a broker of the right kind.
_CLOSED_LATER = (
    "The broker or something in front of it (load balancer, firewall, proxy) closed a working connection: "
    "check the broker's log and state at that minute."
)


def fault_class(stage: Stage, cause: Cause | None) -> FaultClass:
    """What a failure counts as: the cause's own class, or that of the stage."""
    if cause is not None and cause.fault_class is not None:
        return cause.fault_class
    return stage.fault_class


def remedy(cause: Cause, stage: Stage) -> str:
    """The first thing to do about ``cause``, where it was seen at ``stage``."""
    if cause is Cause.CONNECTION_CLOSED and stage.comes_after(Stage.METADATA):
        return _CLOSED_LATER
    return cause.remedy
