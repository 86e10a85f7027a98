"""The catalogue of causes: what a failed stage means and what to do about it."""

from typing import Literal, NamedTuple

# Who is called: the network's people, whoever keeps the certificates, the credentials, the permissions, the brokers; a
# lost record is everybody's business.
FaultClass = Literal["network", "tls", "login", "permission", "broker", "loss"]

_CLASS_OF_STAGE: dict[str, FaultClass] = {"dns": "network", "tcp": "network", "tls": "tls", "sasl": "login"}
_CLASS_OF_CAUSE: dict[str, FaultClass] = {
    "tls-expected": "tls",
    "wrong-broker": "network",
    "topic-denied": "permission",
    "group-denied": "permission",
    "cluster-denied": "permission",
    "record-lost": "loss",
    "heartbeat-missing": "loss",
    "record-altered": "loss",
}


class Cause(NamedTuple):
    """What a cause means, and the first thing to do about it."""

    meaning: str
    remedy: str


CAUSES: dict[str, Cause] = {
    # dns
    "name-not-found": Cause(
        "The host name has no address.",
        "Check the bootstrap string, and that the VPC resolves names (enableDnsSupport).",
    ),
    "resolver-timeout": Cause(
        "The resolver did not answer in time.",
        "Check the VPC's DNS resolver and its rules for the name's domain.",
    ),
    # tcp
    "connection-refused": Cause(
        "The host is up and nothing listens on the port.",
        "The broker is down or this listener is off: compare the port with the auth mode, see the cluster's state.",
    ),
    "connect-timeout": Cause(
        "No answer to the connection attempt.",
        "A security group, network ACL or route drops the packets, or the broker hangs: "
        "allow the port from the function's security group.",
    ),
    "unreachable": Cause("There is no route to the host.", "Check route tables, peering and transit gateway."),
    # any stage after the connection stands
    "connection-closed": Cause(
        "The peer closed the connection.",
        "Often a listener of another kind: compare the port with the auth mode, and look into the peer's log.",
    ),
    # tls
    "tls-not-spoken": Cause(
        "The peer does not speak TLS on this port.",
        "Compare the port with the auth mode: 9092 is plaintext, 9094 TLS, 9096 SCRAM, 9098 IAM.",
    ),
    "tls-expected": Cause(
        "The listener speaks TLS and was asked in plaintext.",
        "Compare the port with the auth mode: none is plaintext, on port 9092; every other mode is TLS.",
    ),
    "tls-expires-soon": Cause(
        "The certificate expires within the days of CERTIFICATE_WARN_DAYS.",
        "Renew it in time; MSK renews its own: if it has not a week before the end, open a support case.",
    ),
    "client-certificate-wanted": Cause(
        "The listener demands a certificate of the client (mutual TLS).",
        "Use the SCRAM or IAM listener, or allow unauthenticated TLS clients on the cluster.",
    ),
    "tls-untrusted-issuer": Cause(
        "The certificate's issuer is not trusted.",
        "Set TRUSTED_CA to the issuer's certificate; leave it empty for MSK's public certificates.",
    ),
    "tls-expired": Cause("The certificate has expired.", "Renew it; MSK renews its own: open a support case."),
    "tls-not-yet-valid": Cause("The certificate is not valid yet.", "Check the clocks and the certificate's dates."),
    "tls-name-mismatch": Cause(
        "The certificate is for another name.",
        "Use the host names that MSK gives; an alias or address is not in the certificate.",
    ),
    "tls-certificate-flawed": Cause(
        "The certificate, or an authority above it, breaks a rule of RFC 5280 that Python checks and Java does not.",
        "The authority is the right one, and Java clients may work: have it or the certificate issued again without "
        "the flaw (a CA needs critical basicConstraints, keyUsage with keyCertSign, and key identifiers).",
    ),
    "tls-wrong-purpose": Cause(
        "The certificate may not be used by a server.",
        "Issue it with the extended key usage serverAuth; this one is for clients or for something else.",
    ),
    "tls-no-common-version": Cause(
        "The listener speaks only versions of TLS that are no longer safe.",
        "Allow TLS 1.2 or 1.3 on the listener (ssl.enabled.protocols), or on what ends TLS before it.",
    ),
    "tls-no-common-cipher": Cause(
        "The listener and the client have no cipher in common.",
        "Compare ssl.cipher.suites of the listener and the kind of its key (RSA, EC) with the client's ciphers.",
    ),
    "tls-timeout": Cause(
        "The TLS handshake stalled.",
        "The broker accepts connections and does not serve them: look at its load and state.",
    ),
    "tls-failed": Cause("The TLS handshake failed.", "Compare the TLS versions and ciphers of both sides."),
    # sasl
    "login-wanted": Cause(
        "The listener demands a login, and AUTH_MODE has none.",
        "Set AUTH_MODE to scram or iam, as the listener offers.",
    ),
    "mechanism-not-offered": Cause(
        "The listener does not offer this SASL mechanism.",
        "Compare the port and AUTH_MODE with the cluster's authentication settings.",
    ),
    "authentication-failed": Cause(
        "The broker refused the credentials.",
        "Check that the secret is associated with the cluster, is named AmazonMSK_..., uses a customer managed "
        "KMS key, and was not rotated within the last 10 minutes.",
    ),
    "iam-denied": Cause(
        "IAM denied the connection.",
        "Allow kafka-cluster:Connect on the cluster's ARN for the function's role.",
    ),
    "server-not-authentic": Cause(
        "The broker could not prove that it knows the password.",
        "Somebody may be between the function and the broker: check the names, addresses and certificates.",
    ),
    # metadata and beyond
    "not-in-metadata": Cause(
        "The cluster does not list this broker.",
        "The broker is fenced, stopped or replaced: look at the cluster's state.",
    ),
    "no-controller": Cause("The cluster has no controller.", "A quorum is missing: look at the brokers' state."),
    "wrong-cluster": Cause("The broker belongs to another cluster than the others.", "Check the bootstrap string."),
    "request-timeout": Cause(
        "The broker took the request and did not answer in time.",
        "It hangs or is overloaded: look at its load and state.",
    ),
    "topic-unknown": Cause("The topic does not exist.", "Run the topics function with action apply."),
    "topic-denied": Cause(
        "An ACL or IAM policy denies this operation on the topic.",
        "Allow Describe, Read and Write on the topic for the user; MSK's authorizer logs say who was denied what.",
    ),
    "group-denied": Cause(
        "An ACL or IAM policy denies the consumer group.",
        "Allow Read and Describe on the group for the user; MSK's authorizer logs say who was denied what.",
    ),
    "leaderless": Cause("A partition has no leader.", "Its replicas are down: bring a broker with a replica back."),
    "wrong-broker": Cause(
        "The address leads to another broker than the one that the cluster lists under it.",
        "Compare what the name resolves to with the broker's own address: a DNS record, a load balancer's target group "
        "or a port mapping points to the wrong broker.",
    ),
    "leader-moved": Cause(
        "The broker no longer leads the partition.",
        "Leadership moves when brokers restart: passing; look at the cluster's state if it stays.",
    ),
    "offset-not-available": Cause(
        "The partition's new leader does not learn how far its records stand.",
        "Its followers do not read from it: look at the other brokers, and at the partition's in-sync replicas.",
    ),
    "throttled": Cause(
        "The broker holds the user or the client id back, which is over the quota that the detail names.",
        "Look at the quotas (kafka-configs.sh --describe --entity-type users) and at what else uses this user.",
    ),
    "record-too-large": Cause(
        "The record is larger than the topic takes.", "Raise max.message.bytes of the topic, or send less."
    ),
    "records-damaged": Cause(
        "The partition's records can't be read: a batch is not what it says it is.",
        "Read it with kafka-console-consumer.sh: if that fails too, look at the brokers' disks and at its producers.",
    ),
    "records-too-large": Cause(
        "A small packed batch of the topic unpacks to more than 64 MB, which the toolkit does not take.",
        "See which producer writes such batches, and have it write smaller ones (batch.size of librdkafka and Java).",
    ),
    "topic-compacted": Cause(
        "The broker refuses the record, most likely since the topic is compacted and the record has no key.",
        "Set cleanup.policy=delete on the probe topic (also where a default in topics.yaml says compact), or give the "
        "probes a topic of their own.",
    ),
    "timestamp-refused": Cause(
        "The record's time is too far from the broker's clock.",
        "Compare the clocks of the function's host and of the broker, and the topic's message.timestamp.before.max.ms "
        "and message.timestamp.after.max.ms (1 h by default).",
    ),
    "cluster-denied": Cause(
        "An ACL or IAM policy denies this operation on the cluster.",
        "Allow it on the cluster for the user: Create and Alter for topics, DescribeConfigs to compare them; MSK's "
        "authorizer logs say who was denied what.",
    ),
    "isr-below-minimum": Cause(
        "Fewer replicas are in sync than min.insync.replicas demands; the write was refused.",
        "Bring the missing broker back, or wait until it has caught up.",
    ),
    "not-enough-replicas": Cause(
        "The record was written, and then fewer replicas were in sync than min.insync.replicas demands.",
        "A broker left meanwhile: bring it back, or wait until it has caught up.",
    ),
    "acknowledgement-late": Cause(
        "The write was not acknowledged in time.",
        "A follower is slow or gone: see the other brokers' results first.",
    ),
    "ambiguous-delivered": Cause(
        "The write was not acknowledged in time, and the record stands there all the same.",
        "A producer that tries again writes it twice unless it is idempotent: see the stage before for the cause.",
    ),
    "record-absent": Cause(
        "The write was not acknowledged in time, and the record does not stand there.",
        "The write failed as it said; see the stage before for the cause.",
    ),
    "record-lost": Cause(
        "The record was acknowledged and can't be read at its offset.",
        "Treat as data loss: check min.insync.replicas, unclean leader election and the brokers' disks.",
    ),
    "record-altered": Cause("Another record stands at the acknowledged offset.", "Treat as data loss, as above."),
    "heartbeat-missing": Cause(
        "A heartbeat that was acknowledged in an earlier run is not in its partition; later ones are.",
        "Treat as data loss, as above; the probe's answer names the numbers and where they should stand.",
    ),
    "coordinator-unavailable": Cause(
        "The group's coordinator is not available.",
        "Bring back the broker that holds the group's __consumer_offsets partition: kafka-topics.sh --describe "
        "--topic __consumer_offsets --unavailable-partitions shows which one is missing.",
    ),
    "coordinator-moved": Cause(
        "The group's coordinator moved while the probe ran.",
        "Coordinators move when brokers restart: passing; look at the cluster's state if it stays.",
    ),
    "commit-refused": Cause("The offset commit was refused.", "Look at the group's state and permissions."),
    "rebalance-timeout": Cause(
        "The group did not settle in time.",
        "Another member holds up the rebalance, which is no broker's fault: see the group's members "
        "(kafka-consumer-groups.sh --describe --members), and give the probe a group of its own.",
    ),
    "broker-error": Cause("The broker answered with an error.", "Look the error's name up in Kafka's protocol guide."),
    "protocol-error": Cause(
        "The peer's answer is not Kafka's.", "Check that the port belongs to a broker and not to a proxy."
    ),
}


# A connection that has carried a login or an answer belongs to a broker of the right kind.
_CLOSED_LATER = (
    "The broker or something before it (load balancer, firewall, proxy) ended a working connection: "
    "look at the broker's log and state at that minute."
)
_REMEDY_AT_STAGE: dict[tuple[str, str], str] = dict.fromkeys(
    ((stage, "connection-closed") for stage in ("acl", "produce", "fetch", "commit")), _CLOSED_LATER
)


def fault_class(stage: str, cause: str | None) -> FaultClass:
    """Whose business a failure is; ``broker`` where nothing else is said."""
    return _CLASS_OF_CAUSE.get(cause or "") or _CLASS_OF_STAGE.get(stage, "broker")


def remedy(cause: str, stage: str) -> str:
    """The first thing to do about ``cause``, where it was seen at ``stage``."""
    return _REMEDY_AT_STAGE.get((stage, cause)) or CAUSES[cause].remedy
