"""How to confirm each cause without the toolkit; with meaning, owner and fix it makes docs/runbook.md."""

# ruff: noqa: E501 - commands to copy stay on one line

from msk_toolkit.causes import Cause
from msk_toolkit.path_causes import PathCause

from docs.runbook_path import path_section
from docs.tables import cell

_STATE = "`aws kafka describe-cluster-v2 --cluster-arn ARN --query ClusterInfo.State`, and the broker's metrics."
_TLS = "`openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -dates -subject -issuer -ext subjectAltName`."
_SCRAM = "`aws secretsmanager describe-secret --secret-id ARN` and `aws kafka list-scram-secrets --cluster-arn ARN`; the verdict's findings contain their results."
_ACLS = "`kafka-acls.sh --bootstrap-server HOST:PORT --command-config client.properties --list`, or the IAM policy simulator for `kafka-cluster:` actions. MSK's authorizer logs record who was denied which action, if they are enabled (`aws kafka update-monitoring --logging-info`, `AuthorizerLogs`)."
_TOPIC = "`kafka-topics.sh --bootstrap-server HOST:PORT --command-config client.properties --describe --topic TOPIC`."
_GROUP = "`kafka-consumer-groups.sh --bootstrap-server HOST:PORT --command-config client.properties --describe --group GROUP --state`."
_READ = "`kafka-console-consumer.sh --bootstrap-server HOST:PORT --command-config client.properties --topic TOPIC --partition N --offset OFFSET --max-messages 1` (`--consumer.config` before Kafka 4.2)."
_LOGS = "The broker's log (in CloudWatch Logs, S3 or Firehose, depending on the cluster's logging configuration)."
_PORT = "Compare HOST:PORT with `aws kafka get-bootstrap-brokers --cluster-arn ARN`."

CONFIRM: dict[str, str] = {
    "name-not-found": "`dig HOST` in the function's subnets; `aws ec2 describe-vpc-attribute --attribute enableDnsSupport`.",
    "resolver-timeout": "`dig HOST` in the function's subnets; Resolver rules and endpoints of the VPC.",
    "connection-refused": _STATE,
    "connect-timeout": "VPC Reachability Analyzer from the function's network interface to the broker's, on the port; "
    "flow logs show REJECT for a security group or network ACL, and nothing for a missing route.",
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
    "tls-certificate-flawed": "`openssl verify -x509_strict -CAfile ca.pem broker.pem` names the violated rule; without `-x509_strict` it succeeds.",
    "tls-wrong-purpose": "`openssl s_client -connect HOST:PORT </dev/null | openssl x509 -noout -ext extendedKeyUsage`.",
    "tls-no-common-version": "`openssl s_client -connect HOST:PORT -tls1_2` and `-tls1_3` both fail with `protocol version`.",
    "tls-no-common-cipher": "`openssl s_client -connect HOST:PORT -tls1_2 -cipher ALL` connects and shows the listener's cipher.",
    "tls-failed": "`openssl s_client -connect HOST:PORT -tls1_2`, then with `-tls1_3`.",
    "client-certificate-wanted": "`aws kafka describe-cluster-v2 --cluster-arn ARN "
    "--query ClusterInfo.Provisioned.ClientAuthentication`.",
    "client-certificate-refused": "`openssl s_client -connect HOST:PORT -cert client.pem -key client.key` ends with the same "
    "alert; `openssl x509 -in client.pem -noout -issuer -dates` shows issuer and dates.",
    "login-wanted": _PORT,
    "mechanism-not-offered": _PORT,
    "authentication-failed": _SCRAM,
    "iam-denied": "The IAM policy simulator for `kafka-cluster:Connect` with the function's role and the cluster's ARN; MSK's authorizer logs (`AuthorizerLogs`), if they are enabled.",
    "server-not-authentic": f"Check which host the name resolves to, and which certificate it presents: {_TLS}",
    "not-in-metadata": "`aws kafka list-nodes --cluster-arn ARN`, compared with the brokers in the probe's response.",
    "no-controller": "The metric `ActiveControllerCount`: its sum over the brokers must be 1.",
    "wrong-cluster": f"{_PORT} If set, `BOOTSTRAP_SERVERS` replaces that list.",
    "request-timeout": "The metrics `CpuUser`, `RequestHandlerAvgIdlePercent` and `NetworkProcessorAvgIdlePercent` of the broker.",
    "topic-unknown": _TOPIC,
    "topic-denied": _ACLS,
    "group-denied": _ACLS,
    "cluster-denied": _ACLS,
    "leaderless": f"{_TOPIC} `--unavailable-partitions` lists them all; the metric `OfflinePartitionsCount`.",
    "leader-moved": _TOPIC,
    "wrong-broker": "`dig +short HOST` and `openssl s_client -connect HOST:PORT` from the function's subnets: compare with "
    "the other brokers' addresses and certificates; `aws kafka list-nodes` shows each broker's own address.",
    "offset-not-available": _TOPIC,
    "topic-compacted": "`kafka-configs.sh ... --describe --topic TOPIC --all`, the line `cleanup.policy`.",
    "timestamp-refused": "`kafka-configs.sh ... --describe --topic TOPIC --all`, the lines `message.timestamp`; `date -u` on both sides.",
    "record-too-large": "`kafka-configs.sh ... --describe --topic TOPIC --all`, the line `max.message.bytes`.",
    "throttled": "`kafka-configs.sh --bootstrap-server HOST:PORT --command-config client.properties --describe --entity-type users`; the metric `FetchThrottleTime` of the broker.",
    "records-damaged": _READ,
    "records-too-large": f"{_READ} Kafka's own consumer has no such limit: its output shows who wrote the batch.",
    "isr-below-minimum": f"{_TOPIC} `--under-min-isr-partitions` lists them all; the metric `UnderMinIsrPartitionCount`.",
    "not-enough-replicas": f"{_TOPIC} The metric `UnderReplicatedPartitions`.",
    "acknowledgement-late": "The metrics `UnderReplicatedPartitions` and `ProduceRemoteTimeMsMean` of each broker.",
    "ambiguous-delivered": "The stage `produce` of the same broker in the probe's response.",
    "record-absent": "The stage `produce` of the same broker in the probe's response.",
    "record-lost": f"{_TOPIC} {_LOGS} Look for truncation, unclean elections and failed log directories.",
    "record-altered": f"{_TOPIC} {_LOGS} Look for truncation, unclean elections and failed log directories.",
    "heartbeat-missing": (
        f"`missing` in the consumer probe's response, and the stage `fetch` in its log. {_TOPIC} {_LOGS}"
        " Look for truncation, unclean elections and failed log directories since that heartbeat."
    ),
    "coordinator-unavailable": _GROUP,
    "coordinator-moved": _GROUP,
    "commit-refused": _GROUP,
    "rebalance-timeout": _GROUP,
    "broker-error": f"The stage's detail contains the error's name. {_LOGS}",
    "protocol-error": f"{_PORT} `openssl s_client` or `curl` shows what responds on this port.",
}


_INTRODUCTION = """A verdict, a log line, an e-mail and `mskv status` name a cause and link to its section here. The first part is about
the path from Kafka to Vantiq, the second about the brokers, as the probes see them.

**Brokers.** A verdict names a broker, a stage and a cause. Begin with the broker that the verdict names: faults of others may be a
consequence. During MSK's own maintenance (MAINTENANCE, HEALING, REBOOTING_BROKER, UPDATING) a verdict about a single broker is
`planned`: wait, and check again when the state is ACTIVE.

HOST:PORT is the address in the verdict or log line, TOPIC the Kafka topic. `client.properties` is a client configuration for Kafka's
command-line tools. `mskv` is the [command line](cli.md), with `--stack NAME` unless samconfig.toml names the stack.
"""


def runbook_page(generated: str) -> str:
    """docs/runbook.md: a table of all causes, and a section for each, under the anchor to which a verdict links."""
    lines = ["# Runbook", "", generated, "", _INTRODUCTION, *_contents(PathCause), *_contents(Cause)]
    for path_cause in PathCause:
        lines += path_section(path_cause)
    for cause in Cause:
        lines += _section(cause)
    return "\n".join(lines)


def _contents(causes: type[Cause] | type[PathCause]) -> list[str]:
    heading = "From Kafka to Vantiq" if causes is PathCause else "Brokers"
    rows = [f"| [{cause}](#{cause}) | {cell(cause.meaning)} | {cause.owner} |" for cause in causes]
    return [f"| {heading} | Meaning | Owner |", "| --- | --- | --- |", *rows, ""]


def _section(cause: Cause) -> list[str]:
    return [
        *(f"## {cause}", "", f"**Meaning:** {cause.meaning} **Owner:** {cause.owner}.", ""),
        *(f"**Confirm:** {CONFIRM[cause]}", "", f"**Fix:** {cause.remedy}", ""),
    ]
