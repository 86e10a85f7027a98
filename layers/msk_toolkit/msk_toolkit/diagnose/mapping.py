"""What the event source mapping lacks: its pollers stand in the cluster's subnets, with the cluster's groups."""

from collections.abc import Collection, Sequence

import msgspec

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.aws.permissions import Denied
from msk_toolkit.diagnose.doors import Way, acl_findings, group_findings
from msk_toolkit.diagnose.finding import BROKERS, POLLERS, Code, NetworkFinding, Severity, Side
from msk_toolkit.diagnose.network import Door, ordered
from msk_toolkit.diagnose.services import Need, dns_findings, service_findings
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.vpc.facts import Facts

# What the pollers do with the function's role, on the cluster and on everything.
_ON_CLUSTER = ("kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers")
_ON_ALL = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
)
# Lambda's words for a mapping that works, and for one that has had nothing to do yet.
_FINE = ("", "OK", "No records processed")


class MappingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What Lambda and IAM told; None where they did not. ``refusals`` say why."""

    states: list[MappingState] | None = None
    denied: list[Denied] | None = None
    refusals: list[str] = []


def poller_needs(auth_mode: AuthMode) -> list[Need]:
    """The services that on-demand pollers reach from the cluster's own subnets."""
    needs = [
        Need("lambda", "error", "the pollers can't invoke the function"),
        Need("sts", "error", "the pollers can't take the function's role"),
    ]
    if auth_mode == "scram":
        needs.append(Need("secretsmanager", "error", "the pollers can't read the credentials"))
    return needs


def wanted_actions(auth_mode: AuthMode, cluster_arn: str, secret_arn: str, key_arn: str) -> dict[str, Sequence[str]]:
    """What the function's role must be allowed for the pollers, by resource."""
    wanted: dict[str, Sequence[str]] = {"*": _ON_ALL}
    if cluster_arn:
        wanted[cluster_arn] = _ON_CLUSTER
    if auth_mode == "iam" and cluster_arn:
        wanted[cluster_arn] = (*_ON_CLUSTER, "kafka-cluster:Connect")
    if auth_mode == "scram":
        if cluster_arn:
            wanted[cluster_arn] = (*_ON_CLUSTER, "kafka:ListScramSecrets")
        if secret_arn.startswith("arn:"):
            wanted[secret_arn] = ("secretsmanager:GetSecretValue",)
        # A secret may name its key by an alias, and a policy is never about that.
        if ":key/" in key_arn:
            wanted[key_arn] = ("kms:Decrypt",)
    return wanted


def mapping_findings(
    facts: Facts,
    cluster: Side,
    doors: Sequence[Door],
    auth_mode: AuthMode,
    told: MappingFacts,
    *,
    provisioned: bool,
    resolved: Collection[str] = (),
) -> list[NetworkFinding]:
    """Everything that keeps the pollers from the brokers, from the function or from their credentials.

    Args:
        resolved: the VPCs in which names have just been resolved.
    """
    pollers, brokers = cluster._replace(name=POLLERS), cluster._replace(name=BROKERS)
    findings: list[NetworkFinding] = []
    for door in doors:
        if door.in_use and door.network == "vpc":
            way = Way(pollers, brokers, door.port, "error")
            findings += [*group_findings(facts, way), *acl_findings(facts, way)]
    findings += dns_findings(facts, pollers, resolved)
    # Provisioned pollers reach Lambda's own services by themselves.
    if not provisioned:
        findings += service_findings(facts, pollers, poller_needs(auth_mode))
    findings += [_role(action, resource) for action, resource in told.denied or ()]
    for state in told.states or ():
        findings += _state(state)
    if told.states == []:
        text, remedy = "no event source mapping leads from the cluster to the forwarder", "look at the stack's events"
        findings.append(_finding("mapping-failing", "error", "the forwarder", text, remedy))
    for refusal in told.refusals:
        remedy = "allow it, and give the function a way there (endpoint or NAT); the rest is judged without"
        findings.append(_finding("not-read", "note", "the forwarder", refusal, remedy))
    return ordered(findings)


def _role(action: str, resource: str) -> NetworkFinding:
    text = f"the forwarder's role, with which the pollers act, is not allowed {action} on {resource}"
    return _finding("role-denied", "error", resource, text, "allow it in the role's policies")


def _state(state: MappingState) -> list[NetworkFinding]:
    name = f"the mapping of {', '.join(state.topics) or state.id}"
    findings = []
    if state.result not in _FINE:
        text = f"{name} says of its last run: {state.result}"
        findings.append(_finding("mapping-failing", "error", "the forwarder", text, "see the findings beside this one"))
    if state.state != "Enabled":
        text = f"{name} is {state.state}" + (f" ({state.reason})" if state.reason else "")
        findings.append(_finding("mapping-failing", "warning", "the forwarder", text, "enable it if it is to forward"))
    return findings


def _finding(code: Code, severity: Severity, target: str, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(severity=severity, code=code, source=POLLERS, target=target, text=text, remedy=remedy)
