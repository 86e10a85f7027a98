"""What Lambda's states and results of a mapping mean, and what to do: one table, repeated in docs/diagnose.md.

Source: Lambda's API reference (EventSourceMappingConfiguration) and developer guide (with-kafka-troubleshoot,
with-msk-permissions), read on 2026-11-28; results beyond those of the guide are from public reports.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msk_toolkit.diagnose.finding import Code, Severity


class Meaning(NamedTuple):
    """A state, reason or result of Lambda's: how severe it is, what it means, what to do.

    ``remedy`` may contain ``{topic}``, ``{group}``, ``{uuid}``, ``{function}``, and ``{enable}``, the command that
    enables the mapping again. ``related`` are the findings that
    explain it; where there is one, it comes first in the remedy.
    """

    severity: Severity
    meaning: str
    remedy: str
    related: frozenset[Code] = frozenset()


_NETWORK: frozenset[Code] = frozenset({"egress-closed", "ingress-closed", "acl-closed"})
_ROLE: frozenset[Code] = frozenset({"role-denied"})
_SERVICES: frozenset[Code] = frozenset({"service-unreachable"})
_NAMES: frozenset[Code] = frozenset({"dns-off"})
_ENABLE = "{enable}"

# State: a mapping in transition needs time; enabling one that Lambda is still changing does not help.
STATES: Mapping[str, Meaning] = {
    "Creating": Meaning("note", "Lambda is still creating it", "wait some minutes, then run diagnose again"),
    "Enabling": Meaning("note", "Lambda is enabling it", "wait some minutes, then run diagnose again"),
    "Updating": Meaning(
        "note",
        "Lambda is updating it, and pollers from before may still be running",
        "wait some minutes, then run diagnose again",
    ),
    "Disabling": Meaning(
        "warning",
        "Lambda is disabling it",
        "wait until it is Disabled, then run diagnose again: it reports who disabled it and why",
    ),
    "Deleting": Meaning(
        "warning",
        "Lambda is deleting it, and records of {topic} stay in Kafka",
        "deploy the stack again with {topic} in ForwardTopics, if it should be forwarded",
    ),
    "Disabled": Meaning("error", "records of {topic} stay in Kafka and reach nobody", _ENABLE),
}

# StateTransitionReason of a mapping that a user, or CloudFormation, changed last.
OF_A_USER = frozenset({"", "USER_INITIATED", "User action"})

# StateTransitionReason: why Lambda disabled a mapping, or fails with one that is Enabled.
REASONS: Mapping[str, Meaning] = {
    "ESM_CONFIG_NOT_VALID": Meaning(
        "error",
        "the mapping's own configuration is not valid",
        "compare topic, consumer group, secret and destination with the stack's (aws lambda get-event-source-mapping "
        "--uuid {uuid}), deploy the stack again, then " + _ENABLE,
    ),
    "EVENT_SOURCE_AUTHN_ERROR": Meaning(
        "error",
        "Lambda could not log in to the cluster",
        "with SCRAM: the secret of the mapping, its association with the cluster and its last change; with IAM: "
        "kafka-cluster:Connect for the forwarder's role; then " + _ENABLE,
        _ROLE,
    ),
    "EVENT_SOURCE_AUTHZ_ERROR": Meaning(
        "error",
        "Lambda logged in, but is not allowed to read",
        "with SCRAM: ACLs for the secret's user (Describe and Read on topic {topic} and group {group}, DescribeConfigs "
        "on the cluster); with IAM: the kafka-cluster actions of the forwarder's role; then " + _ENABLE,
        _ROLE,
    ),
    "FUNCTION_CONFIG_NOT_VALID": Meaning(
        "error",
        "the forwarder's own configuration is not valid",
        "check State, LastUpdateStatus and Timeout (14 minutes at most for Kafka) in aws lambda "
        "get-function-configuration --function-name {function}, deploy the stack again, then " + _ENABLE,
    ),
}

# LastProcessingResult of a mapping that works, or that has had no records yet.
FINE = frozenset({"", "OK", "No records processed"})

# LastProcessingResult: a part of Lambda's sentence.
RESULTS: Mapping[str, Meaning] = {
    "Cluster failed to authorize Lambda": Meaning(
        "error",
        "the pollers logged in, but are not allowed to read",
        "with SCRAM: allow the secret's user Describe and Read on topic {topic}, Describe and Read on group {group}, "
        "and DescribeConfigs on the cluster (kafka-acls.sh --list shows its ACLs); with IAM: the kafka-cluster actions "
        "of the forwarder's role, which take effect after some minutes; MSK's authorizer logs name each denial",
        _ROLE,
    ),
    "SASL authentication failed": Meaning(
        "error",
        "the brokers refused the pollers' login",
        "with SCRAM: the secret that the mapping names (aws lambda get-event-source-mapping --uuid {uuid}) must be "
        "the one that is associated with the cluster, and may have been rotated within the last 10 minutes; with IAM: "
        "kafka-cluster:Connect for the forwarder's role; if it happens now and then, the cluster is at its limit "
        "of connections",
        _ROLE,
    ),
    "Server failed to authenticate Lambda": Meaning(
        "error",
        "the brokers require a client certificate that they trust, and the mapping has none, or another one",
        "use AuthMode mtls with ClientCertificateSecretArn, use scram or iam, or allow unauthenticated TLS clients on "
        "the cluster",
    ),
    "Lambda failed to authenticate server": Meaning(
        "error",
        "the brokers' certificate is not for their name, or of an authority that Lambda does not trust",
        "use the names that MSK returns; MSK's own certificates are trusted, so check for a proxy in between",
    ),
    "Provided certificate or private key is invalid": Meaning(
        "error",
        "the mapping names a secret with a client certificate that Lambda can't use",
        "compare the secret with docs/self-managed.md: PEM text, the client's certificate first, a PKCS#8 key, and for "
        "an encrypted key an algorithm of PBES1, since Lambda reads no PBES2",
    ),
    "Lambda failed to assume your function execution role": Meaning(
        "error",
        "the pollers can't assume the forwarder's role",
        "its trust policy must allow lambda.amazonaws.com sts:AssumeRole (aws iam get-role); on demand it also needs "
        "a route from the cluster's subnets to sts, and an endpoint policy that allows it",
        _SERVICES,
    ),
    "Function call failed": Meaning(
        "error",
        "the forwarder ended with an error, so the batch is redelivered",
        "the forwarder's own log names the reason: aws logs tail /aws/lambda/{function} --since 1h",
    ),
    "broker endpoints cannot be resolved": Meaning(
        "error",
        "the brokers' names have no address in the cluster's VPC",
        "turn on enableDnsSupport and enableDnsHostnames of the cluster's VPC, and check its DHCP options: a DNS "
        "server of your own must forward amazonaws.com to Amazon's",
        _NAMES,
    ),
    "check your event source connection configuration": Meaning(
        "error",
        "the pollers reached no broker, or received no answer",
        "the cluster's security group must allow itself in and out on the pollers' port (OpenPollerRule); if it does, "
        "check the cluster's state and the brokers' load",
        _NETWORK,
    ),
    "must be able to connect to": Meaning(
        "error",
        "the pollers reach the brokers, but not Lambda, STS, Secrets Manager or the on-failure destination",
        "give the cluster's subnets NAT, or endpoints for lambda, sts and secretsmanager (on demand) or s3 "
        "(provisioned), whose security groups and policies allow the cluster's security group",
        _SERVICES,
    ),
}

# For what AWS documents later: where to look.
UNKNOWN = Meaning(
    "error",
    "unknown to this version of the toolkit",
    "see AWS's page on Kafka event source mapping errors (with-kafka-troubleshoot in Lambda's developer guide); "
    "provisioned pollers also log to /aws/lambda/{function}, in a stream that ends with {uuid}",
)


def meaning_of_result(result: str) -> Meaning | None:
    """What a LastProcessingResult means; None for that of a mapping that works."""
    if result in FINE:
        return None
    text = result.casefold()
    for phrase, meaning in RESULTS.items():
        if phrase.casefold() in text:
            return meaning
    return UNKNOWN


def meaning_of_reason(reason: str) -> Meaning | None:
    """What a StateTransitionReason means; None for one that only says who changed the mapping."""
    if reason in OF_A_USER:
        return None
    # A new reason may be harmless: a mapping that works may have it.
    return REASONS.get(reason, UNKNOWN._replace(severity="warning"))
