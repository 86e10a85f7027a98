"""Facts and answers -> the stack's parameters with their reasons, what must still be asked, and what is in the way."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from mskv.init.facts import PORTS, AuthMode, Cluster, Secret, Subnet, Surroundings
from mskv.init.services import missing_services

_CHOSEN = "your choice"
# Lambda keeps so many for functions without a reservation; six functions of the stack reserve one each.
KEPT_UNRESERVED, RESERVED = 100, 6
_MODE_REASONS: Mapping[str, str] = {
    "scram": "the cluster offers SASL/SCRAM, which Vantiq's own source can use, too",
    "iam": "the cluster offers IAM and no SCRAM",
    "mtls": "the cluster offers client certificates, and no SCRAM or IAM",
    "tls": "the cluster offers TLS without a login, and no SCRAM, IAM or client certificates",
    "none": "the cluster offers plaintext without a login, and nothing else",
}


class Proposal(msgspec.Struct, frozen=True):
    """A parameter's value, and why."""

    parameter: str
    value: str
    reason: str


class Question(msgspec.Struct, frozen=True):
    """A parameter that only a person can decide.

    Args:
        choices: value and description; empty for free text.
        default: taken for an empty answer; None where an answer is needed.
    """

    parameter: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    default: str | None = None


class Finding(msgspec.Struct, frozen=True):
    """What keeps a deployment from working, or could."""

    severity: Literal["error", "warning"]
    text: str
    remedy: str


class Proposals(msgspec.Struct, frozen=True):
    """What follows from the facts and the answers so far."""

    proposals: tuple[Proposal, ...]
    questions: tuple[Question, ...]
    findings: tuple[Finding, ...]


class _Draft:
    """Collects proposals; a value that was given wins over everything."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.proposals: list[Proposal] = []
        self.questions: list[Question] = []
        self.findings: list[Finding] = []

    def given(self, parameter: str) -> str:
        """The value that was given, or an empty text."""
        return self._given.get(parameter, "")

    def propose(self, parameter: str, value: str, reason: str) -> str:
        """Propose a value; returns the one that holds."""
        if parameter in self._given:
            value, reason = self._given[parameter], _CHOSEN
        if value:
            self.proposals.append(Proposal(parameter, value, reason))
        return value

    def ask(self, question: Question) -> str:
        """Ask, unless the answer was given; returns it, empty where it is still to come."""
        if question.parameter in self._given:
            return self.propose(question.parameter, "", _CHOSEN)
        self.questions.append(question)
        return ""

    def choose_secret(self, parameter: str, secrets: tuple[Secret, ...], text: str, reason: str) -> Secret | None:
        """The only secret, or the one that was given or is to be chosen."""
        if len(secrets) == 1:
            value = self.propose(parameter, secrets[0].arn, reason)
        else:
            choices = tuple((secret.arn, secret.name) for secret in secrets)
            value = self.ask(Question(parameter, text, choices))
        known = {secret.arn: secret for secret in secrets}
        return known.get(value) or (Secret("", value) if value else None)

    def find(self, severity: Literal["error", "warning"], text: str, remedy: str) -> None:
        self.findings.append(Finding(severity, text, remedy))


def propose(cluster: Cluster, around: Surroundings, given: Mapping[str, str]) -> Proposals:
    """The parameters that the facts decide, those to ask for, and what is in the way.

    Args:
        given: values by parameter, from options, answers, or a configuration that exists.
    """
    draft = _Draft(given)
    draft.propose("ClusterArn", cluster.arn, f"{cluster.name}, {cluster.kind}, {cluster.state}")
    _check_cluster(draft, cluster)
    mode = _authentication(draft, cluster, around)
    _network(draft, cluster, around, mode)
    _vantiq(draft, around)
    _topics(draft, around)
    draft.ask(Question("AlarmEmail", "E-mail address of the alarms (empty: none)", default=""))
    _services(draft, cluster, around, mode)
    others = [name for name in given if name not in {proposal.parameter for proposal in draft.proposals}]
    for name in others:
        draft.propose(name, "", _CHOSEN)
    for unread in around.unread:
        draft.find("warning", f"not read: {unread}", "allow the call, or set what depends on it with --set")
    return Proposals(tuple(draft.proposals), tuple(draft.questions), tuple(draft.findings))


def _check_cluster(draft: _Draft, cluster: Cluster) -> None:
    if cluster.state != "ACTIVE":
        draft.find("warning", f"the cluster is {cluster.state}", "deploy when it is ACTIVE")
    if not cluster.modes:
        draft.find(
            "error",
            "the cluster offers no authentication that the toolkit supports",
            "turn on SASL/SCRAM or IAM with `aws kafka update-security`",
        )


def _authentication(draft: _Draft, cluster: Cluster, around: Surroundings) -> AuthMode | None:
    modes: dict[str, AuthMode] = {mode: mode for mode in cluster.modes}
    first = next(iter(modes), "")
    value = draft.propose("AuthMode", first, _MODE_REASONS.get(first, ""))
    mode = modes.get(value)
    if value and mode is None:
        draft.find("error", f"the cluster does not offer AuthMode {value}", f"use {', '.join(modes) or 'another one'}")
    if mode == "scram":
        _scram_secret(draft, around)
    if mode == "mtls":
        draft.ask(Question("ClientCertificateSecretArn", "ARN of the secret with the client certificate and its key"))
    return mode


def _scram_secret(draft: _Draft, around: Surroundings) -> None:
    if not around.scram_secrets and not draft.given("ScramSecretArn"):
        draft.find(
            "error",
            "no secret is associated with the cluster",
            "create AmazonMSK_NAME with a key of your own, and `aws kafka batch-associate-scram-secret`",
        )
        return
    secret = draft.choose_secret(
        "ScramSecretArn", around.scram_secrets, "Which user do the functions log in as?", "the cluster's only secret"
    )
    if secret is None:
        return
    if secret.is_customers is False or (secret.name and not secret.key):
        draft.find(
            "error",
            f"{secret.name} is encrypted with Secrets Manager's own key, which MSK does not accept",
            "`aws secretsmanager update-secret --kms-key-id` with a key of your own",
        )
    draft.propose("ScramSecretKmsKeyArn", secret.key, f"the key of {secret.name}")


def _network(draft: _Draft, cluster: Cluster, around: Surroundings, mode: AuthMode | None) -> None:
    draft.propose("VpcId", around.vpc, "the cluster's VPC")
    subnets, reason = function_subnets(cluster, around.subnets)
    draft.propose("SubnetIds", ",".join(subnets), reason)
    groups = cluster.groups
    draft.propose("ClusterSecurityGroupId", groups[0] if groups else "", "the cluster's security group")
    if mode is not None and around.inbound is not None and around.outbound is not None:
        _poller_rule(draft, poller_port(cluster, mode), around.inbound, around.outbound)
    if around.unreserved is not None:
        _concurrency(draft, around.unreserved)


def _services(draft: _Draft, cluster: Cluster, around: Surroundings, mode: AuthMode | None) -> None:
    parameters = {proposal.parameter: proposal.value for proposal in draft.proposals}
    parameters |= {name: draft.given(name) for name in ("BootstrapServers", "PollerMode", "GivenUpTopic")}
    for missing in missing_services(around.subnets, cluster.subnets, around.endpoints, parameters, mode):
        draft.find("warning", missing.text, missing.remedy)


def poller_port(cluster: Cluster, mode: AuthMode) -> int:
    """The listener of the mappings' pollers: without a secret Lambda uses the strongest login that is on."""
    if mode in {"scram", "mtls"}:
        return PORTS[mode]
    strongest = next((offered for offered in ("iam", "tls", "none") if offered in cluster.modes), mode)
    return PORTS[strongest]


def _concurrency(draft: _Draft, unreserved: int) -> None:
    text = draft.given("ForwarderConcurrency")
    rotation = int(draft.given("ScramRotationDays") not in {"", "0"})
    needed = KEPT_UNRESERVED + RESERVED + rotation + (int(text) if text.isdecimal() else 0)
    if unreserved < needed:
        draft.find(
            "error",
            f"{unreserved} concurrent executions are unreserved, and the stack needs {needed}: Lambda keeps "
            f"{KEPT_UNRESERVED} of them",
            "request a higher quota for Lambda's concurrent executions",
        )


def _poller_rule(
    draft: _Draft, port: int, inbound: tuple[tuple[int, int], ...], outbound: tuple[tuple[int, int], ...]
) -> None:
    if _opens(inbound, port) and _opens(outbound, port):
        return
    draft.propose("OpenPollerRule", "yes", f"the cluster's group does not open port {port} to itself, for the pollers")


def _opens(rules: tuple[tuple[int, int], ...], port: int) -> bool:
    return any(rule == (-1, -1) or rule[0] <= port <= rule[1] for rule in rules)


def function_subnets(cluster: Cluster, subnets: tuple[Subnet, ...]) -> tuple[tuple[str, ...], str]:
    """Where the functions run, one subnet in each zone, and why: with a route out of the VPC if any has one."""
    ordered = sorted(subnets, key=lambda subnet: subnet.id not in cluster.subnets)
    with_route = [subnet for subnet in ordered if subnet.route_out]
    by_zone: dict[str, str] = {}
    for subnet in with_route:
        by_zone.setdefault(subnet.zone, subnet.id)
    chosen = tuple(by_zone.values())
    if not chosen:
        return cluster.subnets, "the cluster's subnets; no subnet of the VPC has a route to a NAT gateway"
    if set(chosen) <= set(cluster.subnets):
        return chosen, "the cluster's subnets, with a route to a NAT gateway"
    return chosen, "subnets of the cluster's VPC with a route to a NAT gateway, one in each zone"


def _vantiq(draft: _Draft, around: Surroundings) -> None:
    url = draft.ask(Question("VantiqUrl", "URL of Vantiq, such as https://dev.vantiq.com"))
    if url and not url.startswith("https://"):
        draft.find("error", f"VantiqUrl {url} is not an https address", "use https://HOST")
    secret = draft.choose_secret(
        "VantiqTokenSecretArn",
        around.token_secrets,
        "ARN of the secret with Vantiq's long-lived access token",
        "the only secret whose name speaks of Vantiq",
    )
    if secret is not None and secret.is_customers:
        draft.propose("VantiqTokenKmsKeyArn", secret.key, f"the key of {secret.name}")


def _topics(draft: _Draft, around: Surroundings) -> None:
    listed = ""
    if around.topics:
        names = [topic.name for topic in around.topics]
        listed = f" ({', '.join(names[:20])}{', ...' if len(names) > 20 else ''})"
    value = draft.ask(Question("ForwardTopics", f"Topics to forward, comma separated{listed}"))
    if around.topics is None:
        return
    existing = {topic.name for topic in around.topics}
    missing = [name for name in value.split(",") if name and name.strip() not in existing]
    if missing:
        draft.find(
            "warning",
            f"{', '.join(missing)} does not exist in the cluster",
            "declare it in topics.yaml, and the deployment creates it",
        )
