"""How to confirm each cause from outside of the toolkit; with meaning and remedy it makes docs/runbook.md."""

# ruff: noqa: E501 - commands to copy stay on one line

from msk_toolkit.causes import CAUSES, fault_class

_STATE = "`aws kafka describe-cluster-v2 --cluster-arn ARN --query ClusterInfo.State`, and the broker's metrics."
_TLS = "`openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -dates -subject -issuer -ext subjectAltName`."
_SCRAM = "`aws secretsmanager describe-secret --secret-id ARN` and `aws kafka list-scram-secrets --cluster-arn ARN`; the verdict's findings hold what these say."
_ACLS = "`kafka-acls.sh --bootstrap-server HOST:PORT --command-config client.properties --list`, or the IAM policy simulator for `kafka-cluster:` actions. Which principal was denied what is in MSK's authorizer logs, if they are on (`aws kafka update-monitoring --logging-info`, `AuthorizerLogs`)."
_TOPIC = "`kafka-topics.sh --bootstrap-server HOST:PORT --command-config client.properties --describe --topic TOPIC`."
_GROUP = "`kafka-consumer-groups.sh --bootstrap-server HOST:PORT --command-config client.properties --describe --group GROUP --state`."
_READ = "`kafka-console-consumer.sh --bootstrap-server HOST:PORT --command-config client.properties --topic TOPIC --partition N --offset OFFSET --max-messages 1` (`--consumer.config` before Kafka 4.2)."
_LOGS = "The broker's log (CloudWatch Logs, S3 or Firehose, as the cluster's logging is set)."
_PORT = "Compare HOST:PORT with `aws kafka get-bootstrap-brokers --cluster-arn ARN`."

CONFIRM: dict[str, str] = {
    "name-not-found": "`dig HOST` in the function's subnets; `aws ec2 describe-vpc-attribute --attribute enableDnsSupport`.",
    "resolver-timeout": "`dig HOST` in the function's subnets; Resolver rules and endpoints of the VPC.",
    "connection-refused": _STATE,
    "connect-timeout": "VPC Reachability Analyzer from the function's network interface to the broker's, on the port; "
    "flow logs show REJECT for a group or network ACL, and nothing for a missing route.",
    "unreachable": "`aws ec2 describe-route-tables` for the function's subnets, and the peering's or transit gateway's.",
    "connection-closed": f"{_PORT} {_LOGS}",
    "tls-not-spoken": _PORT,
    "tls-expected": _PORT,
    "tls-expires-soon": _TLS,
    "tls-untrusted-issuer": _TLS,
    "tls-expired": _TLS,
    "tls-not-yet-valid": _TLS,
    "tls-name-mismatch": _TLS,
    "tls-timeout": _STATE,
    "tls-certificate-flawed": "`openssl verify -x509_strict -CAfile ca.pem broker.pem` names the rule; without `-x509_strict` it passes.",
    "tls-wrong-purpose": "`openssl s_client -connect HOST:PORT </dev/null | openssl x509 -noout -ext extendedKeyUsage`.",
    "tls-no-common-version": "`openssl s_client -connect HOST:PORT -tls1_2` and `-tls1_3` both fail with `protocol version`.",
    "tls-no-common-cipher": "`openssl s_client -connect HOST:PORT -tls1_2 -cipher ALL` connects and shows the listener's cipher.",
    "tls-failed": "`openssl s_client -connect HOST:PORT -tls1_2`, then with `-tls1_3`.",
    "client-certificate-wanted": "`aws kafka describe-cluster-v2 --cluster-arn ARN "
    "--query ClusterInfo.Provisioned.ClientAuthentication`.",
    "login-wanted": _PORT,
    "mechanism-not-offered": _PORT,
    "authentication-failed": _SCRAM,
    "iam-denied": "The IAM policy simulator for `kafka-cluster:Connect` with the function's role and the cluster's ARN; MSK's authorizer logs (`AuthorizerLogs`), if they are on.",
    "server-not-authentic": f"Whose address the name resolves to, and whose certificate is shown: {_TLS}",
    "not-in-metadata": "`aws kafka list-nodes --cluster-arn ARN`, compared with the brokers in the probe's answer.",
    "no-controller": "The metric `ActiveControllerCount`: its sum over the brokers must be 1.",
    "wrong-cluster": f"{_PORT} `BOOTSTRAP_SERVERS` replaces that list where it is set.",
    "request-timeout": "The metrics `CpuUser`, `RequestHandlerAvgIdlePercent` and `NetworkProcessorAvgIdlePercent` of the broker.",
    "topic-unknown": _TOPIC,
    "topic-denied": _ACLS,
    "group-denied": _ACLS,
    "cluster-denied": _ACLS,
    "leaderless": f"{_TOPIC} `--unavailable-partitions` lists them all; the metric `OfflinePartitionsCount`.",
    "leader-moved": _TOPIC,
    "wrong-broker": "`dig +short HOST` and `openssl s_client -connect HOST:PORT` from the function's subnets: compare with "
    "the other brokers' addresses and certificates; `aws kafka list-nodes` has each broker's own address.",
    "offset-not-available": _TOPIC,
    "topic-compacted": "`kafka-configs.sh ... --describe --topic TOPIC --all`, the line `cleanup.policy`.",
    "timestamp-refused": "`kafka-configs.sh ... --describe --topic TOPIC --all`, the lines `message.timestamp`; `date -u` on both sides.",
    "record-too-large": "`kafka-configs.sh ... --describe --topic TOPIC --all`, the line `max.message.bytes`.",
    "throttled": "`kafka-configs.sh --bootstrap-server HOST:PORT --command-config client.properties --describe --entity-type users`; the metric `FetchThrottleTime` of the broker.",
    "records-damaged": _READ,
    "records-too-large": f"{_READ} A consumer of Kafka's own has no such limit: what it prints shows who wrote it.",
    "isr-below-minimum": f"{_TOPIC} `--under-min-isr-partitions` lists them all; the metric `UnderMinIsrPartitionCount`.",
    "not-enough-replicas": f"{_TOPIC} The metric `UnderReplicatedPartitions`.",
    "acknowledgement-late": "The metrics `UnderReplicatedPartitions` and `ProduceRemoteTimeMsMean` of each broker.",
    "ambiguous-delivered": "The stage `produce` of the same broker in the probe's answer.",
    "record-absent": "The stage `produce` of the same broker in the probe's answer.",
    "record-lost": f"{_TOPIC} {_LOGS} Look for truncation, unclean elections and failed log directories.",
    "record-altered": f"{_TOPIC} {_LOGS} Look for truncation, unclean elections and failed log directories.",
    "heartbeat-missing": (
        f"`missing` in the consumer probe's answer, and the stage `fetch` in its log. {_TOPIC} {_LOGS}"
        " Look for truncation, unclean elections and failed log directories since that heartbeat."
    ),
    "coordinator-unavailable": _GROUP,
    "coordinator-moved": _GROUP,
    "commit-refused": _GROUP,
    "rebalance-timeout": _GROUP,
    "broker-error": f"The error's name is in the stage's detail. {_LOGS}",
    "protocol-error": f"{_PORT} `openssl s_client` or `curl` shows what answers there.",
}

_WHOSE = {
    "network": "network",
    "tls": "certificates and listeners",
    "login": "credentials",
    "permission": "permissions",
    "broker": "brokers",
    "loss": "everybody: data may be lost",
}
# In which stage a cause stands, where its own name does not decide whose business it is.
_STAGES = {
    "name-not-found": "dns",
    "resolver-timeout": "dns",
    "connection-refused": "tcp",
    "connect-timeout": "tcp",
    "unreachable": "tcp",
    "client-certificate-wanted": "tls",
    "login-wanted": "sasl",
    "mechanism-not-offered": "sasl",
    "authentication-failed": "sasl",
    "iam-denied": "sasl",
    "server-not-authentic": "sasl",
}


def runbook_page(generated: str) -> str:
    """docs/runbook.md: a section for each cause, under the name that a verdict links to."""
    lines = ["# Runbook", "", generated, ""]
    lines += [
        "A verdict names a broker, a stage and a cause, and links to the cause's section. Begin with the broker that the "
        "verdict names: the others may only suffer from it. While MSK works on the cluster itself (MAINTENANCE, HEALING, "
        "REBOOTING_BROKER, UPDATING) a verdict that names one broker is `planned`: wait, and look again when the state is "
        "ACTIVE.",
        "",
        "HOST:PORT is the address in the verdict. `client.properties` is a client's configuration for Kafka's own tools.",
        "",
    ]
    for name, cause in CAUSES.items():
        stage = "tls" if name.startswith("tls-") else _STAGES.get(name, "metadata")
        lines += [f"## {name}", "", f"**Means:** {cause.meaning} Whose: {_WHOSE[fault_class(stage, name)]}.", ""]
        lines += [f"**Confirm:** {CONFIRM[name]}", "", f"**Mend:** {cause.remedy}", ""]
    return "\n".join(lines)
