"""Run a diagnosis: observe the cluster, then check listeners, networks and mappings concurrently, then decide."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.connectivity import connectivity_options
from msk_toolkit.diagnose.finding import BROKERS, FUNCTION, NetworkEnd, NetworkFinding
from msk_toolkit.diagnose.listener_checks import check_listener
from msk_toolkit.diagnose.listeners import ListenerAccess, Logins, broker_ports, listeners_to_check, poller_ports
from msk_toolkit.diagnose.mapping import MappingFacts, Pollers, mapping_findings
from msk_toolkit.diagnose.mapping_facts import AWS_SECONDS, ask_mappings
from msk_toolkit.diagnose.needs import FunctionMode, needs_of
from msk_toolkit.diagnose.network import network_findings
from msk_toolkit.diagnose.proof import Proof, proof_of, weighed
from msk_toolkit.diagnose.render import render_diagnosis
from msk_toolkit.diagnose.report import DiagnoseRequest, DiagnoseResponse, ListenerReport
from msk_toolkit.diagnose.services import Need
from msk_toolkit.diagnose.summary import summarize
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.auth_modes import auth_findings
from msk_toolkit.msk.client_certificate import read_client_certificate
from msk_toolkit.msk.cluster import state_of
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.description import ClusterDescription, DeclaredAuth
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import PROTOCOL_OF
from msk_toolkit.msk.observe import ObservedCluster, observe_cluster, outside_msk
from msk_toolkit.msk.observe_secret import observe_secret
from msk_toolkit.msk.pollers import PollerListener, poller_listener, protocols_inside
from msk_toolkit.msk.secret import SecretFacts, check_secret, refusal_findings
from msk_toolkit.msk.state_findings import state_findings
from msk_toolkit.network.client_certificate import ClientCertificate, client_context
from msk_toolkit.settings.cluster import SECRET_MODES
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.vpc.facts import Facts
from msk_toolkit.vpc.read import read_facts

# As many as GetBootstrapBrokers has keys; all are checked at once, so that one that hangs delays no other.
_MAX_LISTENERS = 14


class _Subject(NamedTuple):
    """What is diagnosed: the cluster as AWS describes it, its listeners, and both ends of the network.

    ``findings`` are about the cluster and its listeners, ``secret_findings`` about the secret.
    """

    observed: ObservedCluster
    secret: SecretFacts | None
    accesses: list[ListenerAccess]
    pollers: Pollers
    function: NetworkEnd
    brokers: NetworkEnd
    findings: list[Finding]
    secret_findings: list[Finding]


class _Responses(NamedTuple):
    """What EC2, Lambda, IAM and the listeners answered."""

    facts: Facts
    mappings: MappingFacts
    listeners: list[ListenerReport]


def run_diagnosis(
    request: DiagnoseRequest,
    settings: DiagnoseSettings,
    client: MakeClient,
    deadline: Deadline,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> DiagnoseResponse:
    """Check everything between the functions, the pollers and the cluster.

    1. Ask MSK and Secrets Manager about the cluster, its listeners and the secret.
    2. Check all listeners, and read networks and mappings, at the same time.
    3. Decide: findings about the network and the mappings, a status, a sentence, a table.

    A call that AWS refuses becomes a finding, and the rest goes on.
    """
    subject = _observe(request, settings, client, deadline)
    responses = _ask_all(subject, settings, client, deadline)
    proof = proof_of(responses.listeners, _services_that_answered(subject, responses))
    network = _network_findings(subject, responses, settings, proof)
    mapping = _mapping_findings(subject, responses, settings, proof)
    findings = [*subject.findings, *subject.secret_findings, *_refused_login(subject, responses, now())]
    status, summary = summarize(responses.listeners, findings, network, mapping)
    response = DiagnoseResponse(
        status=status,
        summary=summary,
        cluster=subject.observed.cluster,
        listeners=responses.listeners,
        findings=findings,
        network=network,
        mapping=mapping,
        connectivity=connectivity_options(responses.facts, subject.brokers),
    )
    return msgspec.structs.replace(response, table=render_diagnosis(response, verbose=request.verbose))


def function_needs(settings: DiagnoseSettings) -> list[Need]:
    """The services that the stack's functions call from their subnets."""
    modes: set[FunctionMode] = {settings.poller_mode}
    if settings.auth_mode in SECRET_MODES:
        modes.add("scram")
    if not settings.bootstrap_servers:
        modes.add("asks-msk")
    return needs_of("functions", modes)


def _observe(request: DiagnoseRequest, settings: DiagnoseSettings, client: MakeClient, deadline: Deadline) -> _Subject:
    observed, findings = _cluster(client, settings, deadline)
    cluster = observed.cluster
    credentials, secret, secret_findings = _secret(client, settings, observed, deadline)
    certificate, certificate_findings = _certificate(client, settings, deadline)
    logins = Logins(credentials, certificate)
    accesses = listeners_to_check(observed.listeners or (), settings, logins, request.all_networks)
    return _Subject(
        observed=observed,
        secret=secret,
        accesses=accesses,
        pollers=_pollers(settings, observed, accesses),
        function=NetworkEnd(FUNCTION, settings.subnets, settings.security_groups),
        brokers=_brokers(cluster),
        findings=findings,
        secret_findings=[*secret_findings, *certificate_findings],
    )


def _brokers(cluster: ClusterDescription | None) -> NetworkEnd:
    if cluster is None:
        return NetworkEnd(BROKERS, (), ())
    return NetworkEnd(BROKERS, tuple(cluster.subnets), tuple(cluster.security_groups))


def _pollers(settings: DiagnoseSettings, observed: ObservedCluster, accesses: list[ListenerAccess]) -> Pollers:
    declared = DeclaredAuth()
    if observed.cluster is not None:
        declared = observed.cluster.declared_auth
    listener = PollerListener(PROTOCOL_OF[settings.auth_mode])
    if settings.cluster_arn:
        listener = poller_listener(settings.auth_mode, declared, protocols_inside(observed.listeners))
    return Pollers(
        auth_mode=settings.auth_mode,
        listener=listener,
        ports=poller_ports(accesses, observed.listeners, listener),
        provisioned=settings.poller_mode == "provisioned",
        function=settings.forwarder_function,
    )


def _ask_all(subject: _Subject, settings: DiagnoseSettings, client: MakeClient, deadline: Deadline) -> _Responses:
    """Everything at the same time: what hangs delays nothing else."""
    state = state_of(subject.observed.cluster)
    secret_faults = [finding.text for finding in subject.secret_findings]
    with ThreadPoolExecutor(_MAX_LISTENERS + 2, thread_name_prefix="diagnose") as pool:
        # boto3 can't make clients in several threads at once; EC2's takes the longest.
        ec2, clients = client("ec2"), (client("lambda"), client("iam"))
        facts = pool.submit(_facts, ec2, subject, deadline)
        mappings = pool.submit(ask_mappings, clients, settings, subject.pollers.listener, subject.secret, deadline)
        listeners = [
            pool.submit(check_listener, access, settings, deadline, state, secret_faults) for access in subject.accesses
        ]
        return _Responses(facts.result(), mappings.result(), [listener.result() for listener in listeners])


def _network_findings(
    subject: _Subject, responses: _Responses, settings: DiagnoseSettings, proof: Proof
) -> list[NetworkFinding]:
    """The findings about the function's network, weighed against what has just worked."""
    ports = broker_ports(subject.accesses, subject.observed.cluster, settings.auth_mode)
    needs = [need._replace(answered=need.service in proof.services) for need in function_needs(settings)]
    resolved = _resolved(subject, responses, proof)
    findings = network_findings(responses.facts, subject.function, subject.brokers, ports, needs, resolved=resolved)
    return weighed(findings, proof)


def _mapping_findings(
    subject: _Subject, responses: _Responses, settings: DiagnoseSettings, proof: Proof
) -> list[NetworkFinding]:
    resolved = _resolved(subject, responses, proof)
    return mapping_findings(
        responses.facts,
        subject.brokers,
        subject.pollers,
        responses.mappings,
        # Outside MSK the mappings name the functions' subnets and security group.
        at=None if settings.cluster_arn else subject.function,
        resolved=resolved,
    )


def _refused_login(subject: _Subject, responses: _Responses, now: datetime) -> list[Finding]:
    """Why the brokers refuse the secret's user, where the listener in use does."""
    # Outside MSK the secret has no conditions to meet.
    if subject.secret is None or not subject.observed.arn:
        return []
    causes = [listener.causes for listener in responses.listeners if listener.in_use]
    if not any(Cause.AUTHENTICATION_FAILED in of_listener for of_listener in causes):
        return []
    return refusal_findings(subject.secret, now)


def _resolved(subject: _Subject, responses: _Responses, proof: Proof) -> list[str]:
    """The VPCs in which names resolve: a broker or a service that answered was found by its name."""
    if proof.resolves_names:
        return responses.facts.vpcs_of(subject.function.subnets)
    return []


def _services_that_answered(subject: _Subject, responses: _Responses) -> list[str]:
    secret = subject.secret
    answers = {
        "kafka": subject.observed.cluster is not None,
        "secretsmanager": secret is not None and secret.is_answered,
        "lambda": responses.mappings.states is not None,
        "iam": responses.mappings.denied is not None,
        "ec2": responses.facts.subnets is not None,
    }
    return [service for service, answered in answers.items() if answered]


def _cluster(
    client: MakeClient, settings: DiagnoseSettings, deadline: Deadline
) -> tuple[ObservedCluster, list[Finding]]:
    unknown = ObservedCluster("", None, None, [])
    if not settings.cluster_arn:
        return unknown, outside_msk().findings
    try:
        observed = observe_cluster(client, settings.cluster_arn, deadline.at_most(AWS_SECONDS))
    except ToolkitError as error:
        return unknown, [Finding("error", "cluster", str(error))]
    findings = list(observed.findings)
    if observed.cluster is not None:
        findings += state_findings(observed.cluster)
    findings += auth_findings(observed.cluster, observed.listeners)
    return observed, findings


def _secret(
    client: MakeClient, settings: DiagnoseSettings, observed: ObservedCluster, deadline: Deadline
) -> tuple[ScramCredentials | None, SecretFacts | None, list[Finding]]:
    if not settings.scram_secret_arn:
        return None, None, []
    # A cluster that MSK did not describe can't be asked for its secrets either.
    arn = observed.arn if observed.cluster else ""
    try:
        secret, users = settings.scram_secret_arn, settings.user_secrets()
        facts, refusals = observe_secret(client, arn, secret, deadline.at_most(AWS_SECONDS), users)
    except ToolkitError as error:
        return None, None, [Finding("error", f"secret {settings.scram_secret_arn}", str(error))]
    credentials, faults = check_secret(facts, on_msk=bool(settings.cluster_arn))
    return credentials, facts, [*refusals, *faults]


def _certificate(
    client: MakeClient, settings: DiagnoseSettings, deadline: Deadline
) -> tuple[ClientCertificate | None, list[Finding]]:
    secret_id = settings.client_certificate_secret_arn
    if settings.auth_mode != "mtls":
        return None, []
    try:
        secrets = client("secretsmanager")
        certificate = read_client_certificate(secrets, secret_id, deadline.at_most(AWS_SECONDS))
        # Whether certificate and key fit; what a listener is to be trusted for has its own error.
        client_context("", certificate)
    except ToolkitError as error:
        return None, [Finding("error", f"secret {secret_id}", str(error))]
    return certificate, []


def _facts(ec2: Any, subject: _Subject, deadline: Deadline) -> Facts:
    subnets = [*subject.function.subnets, *subject.brokers.subnets]
    groups = [*subject.function.groups, *subject.brokers.groups]
    return read_facts(ec2, subnets, groups, deadline)
