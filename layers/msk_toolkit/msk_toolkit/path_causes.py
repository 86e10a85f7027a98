"""The registry of causes that keep records from reaching Vantiq, beside those of a probe's stages in causes.py.

Each row has an owner, a meaning, a remedy and the command that comes first. The forwarder's log lines, the state of the
path, e-mails and docs/runbook.md read these rows; `make docs` writes the runbook.
"""

from enum import StrEnum
from typing import Self

from msk_toolkit.causes import Owner

_VANTIQ, _NETWORK, _PERMISSIONS = Owner.VANTIQ, Owner.NETWORK, Owner.PERMISSIONS
_STACK, _CLUSTER, _CERTIFICATES, _DATA = Owner.STACK, Owner.CLUSTER, Owner.CERTIFICATES, Owner.DATA
# In a command: the Kafka topic that the problem is about.
_TOPIC = "TOPIC"
_CREATE_TARGETS = """sam remote invoke ConnectFunction --event '{"action": "register", "targets_only": true}'"""
_CHECK_TARGETS = """sam remote invoke ConnectFunction --event '{"action": "check"}'"""


class PathCause(StrEnum):
    """Why records do not reach Vantiq, or will not.

    ``owner`` can fix it; ``meaning`` says what it is; ``remedy`` is the first thing to do; ``command`` is the command
    to begin with, in which ``TOPIC`` is the Kafka topic.
    """

    owner: Owner
    meaning: str
    remedy: str
    command: str

    def __new__(cls, name: str, owner: Owner, meaning: str, remedy: str, command: str) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.owner = owner
        member.meaning = meaning
        member.remedy = remedy
        member.command = command
        return member

    def command_for(self, topic: str) -> str:
        """The command for a topic; the placeholder stays where none is given."""
        return self.command.replace(_TOPIC, topic) if topic else self.command

    # A table: name and owner, meaning, remedy, command. With a line for each value it would be twice as long.
    # fmt: off
    # Vantiq and the network path to it
    VANTIQ_TOKEN_REFUSED = ("vantiq-token-refused", _VANTIQ, "Vantiq does not accept the access token (401).",
        "Create an access token in Vantiq and store it in the secret that VantiqTokenSecretArn names; the forwarder "
        "reads it with its next attempt.", "mskv token set")
    VANTIQ_TOKEN_UNREADABLE = ("vantiq-token-unreadable", _PERMISSIONS,
        "The secret with Vantiq's access token can't be read, or holds no token.",
        "Check that the secret exists and holds {\"token\": \"...\"} or the bare token, that the subnets have a route "
        "to Secrets Manager, and that VantiqTokenKmsKeyArn names the secret's key.", "mskv logs forwarder")
    VANTIQ_FORBIDDEN = ("vantiq-forbidden", _VANTIQ, "Vantiq accepts the token, but denies the request (403).",
        "Give the token's user the right to write to the target in that namespace (a profile of the namespace); a page "
        "of HTML with 403 is a firewall's in front of Vantiq.", _CHECK_TARGETS)
    VANTIQ_TARGET_MISSING = ("vantiq-target-missing", _VANTIQ,
        "The target does not exist in Vantiq (404), or the token may not see it.",
        "Create the target, or correct VantiqTarget, VantiqRoutes or VantiqNamespace.", _CREATE_TARGETS)
    TARGET_UNFIT = ("target-unfit", _VANTIQ, "A target in Vantiq would not store the records, so they wait in Kafka.",
        "Create or correct it: a topic must exist and be reliable, a type needs the envelope's properties. "
        "TargetCheck=warn sends the records anyway.", _CREATE_TARGETS)
    VANTIQ_UNAVAILABLE = ("vantiq-unavailable", _VANTIQ, "Vantiq answers every request with a server error (5xx).",
        "Check the Vantiq server and its load; delivery resumes by itself. Records wait in Kafka for as long as the "
        "topic's retention allows.", "mskv status -w")
    VANTIQ_THROTTLED = ("vantiq-throttled", _VANTIQ, "Vantiq accepts no more requests for now (429, or a quota).",
        "Compare the rate with the quotas of the Vantiq organization; send arrays (RecordsPerPost), or limit "
        "RecordsPerSecond times ForwarderConcurrency.", "mskv status -w")
    VANTIQ_NAME_NOT_RESOLVED = ("vantiq-name-not-resolved", _NETWORK, "Vantiq's host name has no address.",
        "Check VantiqUrl, and the DNS resolver of the functions' VPC.", "mskv logs forwarder")
    VANTIQ_UNREACHABLE = ("vantiq-unreachable", _NETWORK, "No connection to Vantiq's host and port.",
        "Check the route from the functions' subnets (NAT, peering), VantiqPort in the outbound rule of their security "
        "group, and Vantiq's own inbound rules.", "mskv logs forwarder")
    VANTIQ_TLS_FAILED = ("vantiq-tls-failed", _CERTIFICATES, "The TLS handshake with Vantiq fails.",
        "Renew the certificate if it has expired; for a private authority, such as a TLS-inspecting proxy's, set "
        "VantiqTrustedCa; VantiqUrl must be the name in the certificate.", "mskv logs forwarder")
    VANTIQ_NO_ANSWER = ("vantiq-no-answer", _VANTIQ,
        "Vantiq accepts connections, but gives no complete answer in time.",
        "Check the load of the Vantiq server, and whatever is between (load balancer, proxy, firewall).",
        "mskv status -w")
    VANTIQ_ANSWER_INVALID = ("vantiq-answer-invalid", _NETWORK,
        "The answer is not one of Vantiq's API: a redirect, a page of HTML, an unusual status, or results are missing.",
        "Check VantiqUrl, and the proxy, firewall or login page in front of Vantiq.", "mskv logs forwarder")
    # The proxy on that path
    PROXY_UNREACHABLE = ("proxy-unreachable", _NETWORK, "No connection to the proxy on the path to Vantiq.",
        "Check VantiqProxy, the DNS resolver of the functions' VPC, the route from their subnets to the proxy, and the "
        "proxy's own inbound rules; the functions' security group has an outbound rule for its port.",
        "mskv logs forwarder")
    PROXY_LOGIN_REFUSED = ("proxy-login-refused", _PERMISSIONS, "The proxy refuses the credentials (407, or 401).",
        "Store the proxy's current username and password in the secret that VantiqProxySecretArn names, or set that "
        "parameter; the forwarder reads the secret with its next attempt.", "mskv logs forwarder")
    PROXY_SECRET_UNREADABLE = ("proxy-secret-unreadable", _PERMISSIONS,
        "The secret with the proxy's credentials can't be read, or holds none.",
        "Check that the secret exists, that it holds {\"username\": \"...\", \"password\": \"...\"}, and that its key "
        "is the AWS managed one or that in VantiqTokenKmsKeyArn.", "mskv logs forwarder")
    PROXY_REFUSES_VANTIQ = ("proxy-refuses-vantiq", _NETWORK,
        "The proxy does not allow connections to Vantiq's host and port (403, or another 3xx or 4xx).",
        "Allow CONNECT to the host and port of VantiqUrl in the proxy's rules: it refuses, not Vantiq.",
        "mskv logs forwarder")
    PROXY_CANNOT_REACH_VANTIQ = ("proxy-cannot-reach-vantiq", _NETWORK,
        "The proxy can't connect to Vantiq (5xx): its resolver, its route, or Vantiq itself.",
        "Read the proxy's log for Vantiq's host, and try it from the proxy's machine.", "mskv logs forwarder")
    PROXY_NO_ANSWER = ("proxy-no-answer", _NETWORK,
        "The proxy accepts connections, but gives no answer to CONNECT, or none that is HTTP.",
        "Check that VantiqProxy is the address of an HTTP proxy (no SOCKS, no TLS to the proxy), and the proxy's load.",
        "mskv logs forwarder")
    VANTIQ_REFUSES_RECORDS = ("vantiq-refuses-records", _VANTIQ,
        "Vantiq permanently refuses records (400, 409, 413, 422).",
        "Read Vantiq's own text in a dead letter: usually the target's type or rule does not match the records.",
        "mskv letters TOPIC")
    # The schema registry
    SCHEMA_REGISTRY_UNAVAILABLE = ("schema-registry-unavailable", _STACK,
        "The schema registry does not give the schema of a record, so the record and those behind it wait in Kafka.",
        "Check SchemaRegistry, the registry itself, and the route from the functions' subnets to it (NAT, peering, an "
        "endpoint for Glue); delivery resumes by itself.", "mskv logs forwarder")
    SCHEMA_REGISTRY_DENIED = ("schema-registry-denied", _PERMISSIONS,
        "The schema registry denies access, or its secret can't be read.",
        "Check the secrets that SchemaRegistrySecretArn and SchemaRegistryCaSecretArn name, their key, and what the "
        "user may read in the registry.", "mskv logs forwarder")
    SCHEMA_UNFIT = ("schema-unfit", _DATA,
        "Records can't be decoded by their schemas: the registry does not know them, or the values do not fit them.",
        "Read code and schema id in a dead letter; check that producers use the registry that SchemaRegistry names.",
        "mskv letters TOPIC")
    # The forwarder
    FORWARDER_FAILS = ("forwarder-fails", _STACK,
        "The forwarder ends with an error of its own: an invalid setting, too little time or memory, or a bug.",
        "Correct what the error in its log names, and deploy the stack again.", "mskv logs forwarder")
    FORWARDER_TOO_SLOW = ("forwarder-too-slow", _STACK,
        "An invocation's time is used up before its batch is delivered.",
        "Give the mapping smaller batches (BatchSize), send arrays (RecordsPerPost), or raise RecordsPerSecond.",
        "mskv lag TOPIC")
    LETTERS_NOT_STORED = ("letters-not-stored", _PERMISSIONS,
        "Refused records can't be written to the dead-letter bucket, so their partitions wait.",
        "Check the S3 endpoint or NAT of the subnets, and the policies of the bucket and its key.",
        "mskv logs forwarder")
    # The event source mapping
    MAPPING_MISSING = ("mapping-missing", _STACK, "The topic has no event source mapping, so nothing reads it.",
        "Deploy the stack again with the topic in ForwardTopics.", "mskv mapping")
    MAPPING_DISABLED = ("mapping-disabled", _STACK,
        "The topic's event source mapping is disabled: its records stay in Kafka.",
        "Enable it; it continues where its consumer group stopped.", "mskv mapping enable TOPIC")
    MAPPING_CANNOT_LOG_IN = ("mapping-cannot-log-in", _PERMISSIONS,
        "The brokers refuse the login of the mapping's pollers, or deny them the topic or the group.",
        "With SCRAM: check the secret, its association with the cluster and the ACLs of its user; with IAM: the "
        "kafka-cluster actions of the forwarder's role.", "mskv why")
    MAPPING_CANNOT_CONNECT = ("mapping-cannot-connect", _NETWORK,
        "The mapping's pollers reach no broker, or not Lambda, STS or Secrets Manager.",
        "Allow the cluster's security group to itself (OpenPollerRule), and give the cluster's subnets NAT or the VPC "
        "endpoints.", "mskv why")
    MAPPING_FAILING = ("mapping-failing", _STACK, "The last result of the topic's mapping is an error.",
        "Read the result: it says what the pollers, or the forwarder, could not do.", "mskv mapping")
    # What waits
    LAG_GROWS = ("lag-grows", _STACK, "Records of forwarded topics wait, the oldest of them longer and longer.",
        "See what the mapping and the forwarder report. If records are delivered, only too slowly, raise "
        "RecordsPerPost, then the number of partitions.", "mskv status")
    RECORDS_EXPIRE = ("records-expire", _DATA,
        "The retention of a topic is short enough that Kafka deletes records which still wait to be delivered.",
        "Raise retention.ms of the topic (and retention.bytes) at once, in topics.yaml if it is declared there; then "
        "remove what holds up delivery.", "mskv topics apply")
    LETTERS_WAITING = ("letters-waiting", _VANTIQ, "Records that were set aside wait in the dead-letter bucket.",
        "Read why Vantiq refused them, correct it in Vantiq, then replay them.", "mskv letters TOPIC")
    GIVEN_UP_UNREAD = ("given-up-unread", _STACK,
        "Records that the mappings gave up to GivenUpTopic can't be imported as dead letters.",
        "Read why in the redrive's log: the topic has to exist, and the redrive's user or role to read it. Until then "
        "its messages wait for as long as the topic's retention allows.", "mskv logs redrive --since 1h")
    HEARTBEAT_LATE = ("heartbeat-late", _STACK, "Heartbeats reach Vantiq late, or not at all.",
        "See what the mapping of the probe topic and the forwarder report.", "mskv status")
    # Topics and probes
    TOPICS_DRIFTED = ("topics-drifted", _STACK, "Topics differ from their declaration in topics.yaml.",
        "Look at the plan; apply it, or correct topics.yaml.", "mskv topics plan")
    TOPICS_NOT_RESTORED = ("topics-not-restored", _STACK,
        "A deployment succeeded although its topics could not be applied.",
        "Find out what keeps the topics function from the cluster, then apply the topics.", "mskv topics apply")
    TOPICS_UNCHECKED = ("topics-unchecked", _STACK, "The topics have not been compared with topics.yaml for two hours.",
        "See why the topics function fails, or its schedule does not start it.", "mskv topics check")
    PROBE_SILENT = ("probe-silent", _STACK, "A probe has reported nothing for half an hour.",
        "See why its function fails, or its schedule does not start it.", "mskv probe --all")
    # The password
    SCRAM_NOT_ROTATED = ("scram-not-rotated", _PERMISSIONS,
        "A step of the SCRAM password's rotation has failed. A password that was not proven through each broker is "
        "undone: the former one stays in use.",
        "Correct what the function's error names, then have the password rotated at once: aws secretsmanager "
        "rotate-secret --secret-id ARN.", "mskv logs scram-rotation --since 2h")
    SOURCES_NOT_RENEWED = ("sources-not-renewed", _VANTIQ,
        "A rotation has succeeded, but a Kafka source in Vantiq did not get the new password, so its next login may "
        "be refused.",
        "Correct what the function's error names, then have the sources renewed.",
        """sam remote invoke ScramRotationFunction --event '{"action": "sources"}'""")
    # What reports all of this
    ALARM_MAIL_FAILING = ("alarm-mail-failing", _STACK,
        "An alarm changed its state, but the mail that explains it could not be made or published.",
        "See which alarms are on. Then read the alarm mail function's log; if the function or one of its permissions "
        "is gone, deploy the stack again.", "mskv status")
    # fmt: on
