"""Carry out a diagnosis: ask AWS who is who, then probe every listener and read the networks at once, then judge."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.mappings import mapping_states
from msk_toolkit.aws.permissions import denied_actions
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.connectivity import connectivity_options
from msk_toolkit.diagnose.finding import BROKERS, FUNCTION, NetworkEnd, NetworkFinding
from msk_toolkit.diagnose.listener_checks import check_listener
from msk_toolkit.diagnose.listeners import Offered, broker_ports, offered, poller_ports
from msk_toolkit.diagnose.mapping import MappingFacts, Pollers, mapping_findings
from msk_toolkit.diagnose.needs import FunctionMode, needs_of
from msk_toolkit.diagnose.network import network_findings, weighed
from msk_toolkit.diagnose.poller_role import poller_actions
from msk_toolkit.diagnose.render import render_diagnosis
from msk_toolkit.diagnose.report import DiagnoseRequest, DiagnoseResponse, ListenerReport
from msk_toolkit.diagnose.services import Need
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.auth_modes import auth_findings
from msk_toolkit.msk.cluster import state_of
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.description import ClusterDescription, DeclaredAuth
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.observe import ObservedCluster, observe_cluster
from msk_toolkit.msk.observe_secret import observe_secret
from msk_toolkit.msk.pollers import PollerListener, poller_listener, protocols_inside
from msk_toolkit.msk.secret import SecretFacts, check_secret
from msk_toolkit.msk.state_findings import state_findings
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.vpc.facts import Facts
from msk_toolkit.vpc.read import read_facts

# Each of these asks twice at most; without a way to the API neither try ends.
_AWS_SECONDS = 12.0
# As many as GetBootstrapBrokers has keys; each is probed at once, so that one that hangs delays no other.
_MOST_LISTENERS = 14

# What a broken way looks like from here; a broker that is down refuses, or is not there at all.
_NETWORK_CAUSES = {"connect-timeout", "unreachable", "name-not-found", "resolver-timeout"}


class _Scene(NamedTuple):
    """Who is where: the cluster as AWS tells of it, its listeners, and both ends of the network."""

    observed: ObservedCluster
    secret: SecretFacts | None
    offers: list[Offered]
    pollers: Pollers
    function: NetworkEnd
    brokers: NetworkEnd


class _Gathered(NamedTuple):
    """What EC2, Lambda, IAM and the listeners answered."""

    facts: Facts
    mappings: MappingFacts
    reports: list[ListenerReport]


def run_diagnosis(
    request: DiagnoseRequest, settings: DiagnoseSettings, client: MakeClient, deadline: Deadline
) -> DiagnoseResponse:
    """Everything about the ways to the cluster. What AWS refuses is among the findings, and the rest is told."""
    findings: list[Finding] = []
    scene = _scene(request, settings, client, deadline, findings)
    gathered = _gathered(scene, settings, client, deadline, findings)
    network, mapping = _judged(scene, gathered, settings)
    ways = connectivity_options(gathered.facts, scene.brokers)
    status, summary = conclude(gathered.reports, findings, network, mapping)
    table = render_diagnosis(f"{status.upper()}: {summary}", gathered.reports, findings, network, mapping, ways)
    return DiagnoseResponse(
        status=status,
        summary=summary,
        cluster=scene.observed.cluster,
        listeners=gathered.reports,
        findings=findings,
        network=network,
        mapping=mapping,
        ways=ways,
        table=table,
    )


def _scene(
    request: DiagnoseRequest,
    settings: DiagnoseSettings,
    client: MakeClient,
    deadline: Deadline,
    findings: list[Finding],
) -> _Scene:
    observed = _observed(client, settings, deadline, findings)
    cluster = observed.cluster
    credentials, secret = _credentials(client, settings, observed, deadline, findings)
    offers = offered(observed.listeners or (), settings, credentials, request.all_networks)
    declared = cluster.declared_auth if cluster else DeclaredAuth()
    listener = poller_listener(settings.auth_mode, declared, protocols_inside(observed.listeners))
    pollers = Pollers(
        auth_mode=settings.auth_mode,
        listener=listener,
        ports=poller_ports(offers, observed.listeners, listener),
        provisioned=settings.poller_mode == "provisioned",
        function=settings.forwarder_function,
    )
    subnets, groups = (cluster.subnets, cluster.security_groups) if cluster else ([], [])
    return _Scene(
        observed=observed,
        secret=secret,
        offers=offers,
        pollers=pollers,
        function=NetworkEnd(FUNCTION, settings.subnets, settings.security_groups),
        brokers=NetworkEnd(BROKERS, tuple(subnets), tuple(groups)),
    )


def _gathered(
    scene: _Scene, settings: DiagnoseSettings, client: MakeClient, deadline: Deadline, findings: Sequence[Finding]
) -> _Gathered:
    """All of it asked at the same time: what hangs delays nothing else."""
    state = state_of(scene.observed.cluster)
    secret_texts = [finding.text for finding in findings if finding.subject.startswith("secret")]
    with ThreadPoolExecutor(_MOST_LISTENERS + 2, thread_name_prefix="diagnose") as pool:
        # The slowest client to make; and boto3 makes only one at a time safely.
        ec2, clients = client("ec2"), (client("lambda"), client("iam"))
        reading = pool.submit(_facts, ec2, scene.function, scene.brokers, deadline)
        asking = pool.submit(_mapping_facts, clients, settings, scene.pollers.listener, scene.secret, deadline)
        probing = [
            pool.submit(check_listener, offer, settings, deadline, state, secret_texts) for offer in scene.offers
        ]
        return _Gathered(reading.result(), asking.result(), [future.result() for future in probing])


def _judged(
    scene: _Scene, gathered: _Gathered, settings: DiagnoseSettings
) -> tuple[list[NetworkFinding], list[NetworkFinding]]:
    """The findings about the function's network, weighed against what has just come through, and about the mappings."""
    facts = gathered.facts
    reached = [(report.network, port) for report in gathered.reports if report.connects for port in report.ports]
    services = _answering(scene, gathered)
    # Whoever has found a broker or a service has found its name.
    resolved = facts.vpcs_of(scene.function.subnets) if reached or services else []
    ports = broker_ports(scene.offers, scene.observed.cluster, settings.auth_mode)
    needs = function_needs(settings)
    network = network_findings(facts, scene.function, scene.brokers, ports, needs, resolved=resolved)
    inside = [port for kind, port in reached if kind == "vpc"]
    elsewhere = [port for kind, port in reached if kind != "vpc"]
    mapping = mapping_findings(facts, scene.brokers, scene.pollers, gathered.mappings, resolved=resolved)
    return weighed(network, inside, services, elsewhere), mapping


def _answering(scene: _Scene, gathered: _Gathered) -> list[str]:
    """The AWS services that have answered the function."""
    secret = scene.secret
    answers = {
        "kafka": scene.observed.cluster is not None,
        "secretsmanager": secret is not None and (secret.described or secret.text is not None),
        "lambda": gathered.mappings.states is not None,
        "iam": gathered.mappings.denied is not None,
        "ec2": gathered.facts.subnets is not None,
    }
    return [service for service, answered in answers.items() if answered]


def function_needs(settings: DiagnoseSettings) -> list[Need]:
    """The services that the stack's functions call from their subnets."""
    modes: set[FunctionMode] = {settings.poller_mode}
    if settings.auth_mode == "scram":
        modes.add("scram")
    if not settings.bootstrap_servers:
        modes.add("asks-msk")
    return needs_of("functions", modes)


def conclude(
    reports: list[ListenerReport],
    findings: list[Finding],
    network: list[NetworkFinding],
    mapping: list[NetworkFinding],
) -> tuple[Literal["healthy", "degraded", "down"], str]:
    """The whole in a word and in a sentence."""
    errors = sum(one.severity == "error" for one in findings)
    errors += sum(one.severity == "error" for one in (*network, *mapping))
    counted = f"{errors or 'no'} error{'' if errors == 1 else 's'} in what AWS told"
    used = next((report for report in reports if report.in_use), None)
    if used is None:
        return "down", f"the listener in use is not known; {counted}"
    name = f"the listener in use ({used.network} {used.protocol})"
    if used.status == "healthy":
        return "degraded" if errors else "healthy", f"{name} works; {counted}"
    said = f"{name}: {used.summary}{_reason(used, network)}; {counted}"
    return "degraded" if used.status == "degraded" else "down", said


def _reason(used: ListenerReport, network: list[NetworkFinding]) -> str:
    """What the network has to do with brokers that can't be reached, where that is known."""
    causes = {report.failure.cause for report in used.broker_reports if report.failure}
    if not causes & _NETWORK_CAUSES:
        return ""
    reasons = (
        one
        for one in network
        if one.severity != "note" and one.target == BROKERS and (one.port is None or one.port in used.ports)
    )
    return next((f"; {one.sentence}" for one in reasons if one.code not in {"not-visible", "not-read"}), "")


def _observed(
    client: MakeClient, settings: DiagnoseSettings, deadline: Deadline, findings: list[Finding]
) -> ObservedCluster:
    nothing = ObservedCluster("", None, None, [])
    if not settings.cluster_arn:
        findings.append(Finding("note", "cluster", "CLUSTER_ARN is not set: MSK was not asked"))
        return nothing
    try:
        found = observe_cluster(client, settings.cluster_arn, deadline.at_most(_AWS_SECONDS))
    except ToolkitError as error:
        findings.append(Finding("error", "cluster", str(error)))
        return nothing
    findings += found.findings
    findings += _state(found.cluster)
    findings += auth_findings(found.cluster, found.listeners)
    return found


def _state(cluster: ClusterDescription | None) -> list[Finding]:
    return state_findings(cluster) if cluster else []


def _credentials(
    client: MakeClient,
    settings: DiagnoseSettings,
    observed: ObservedCluster,
    deadline: Deadline,
    findings: list[Finding],
) -> tuple[ScramCredentials | None, SecretFacts | None]:
    if not settings.scram_secret_arn:
        return None, None
    # A cluster that MSK did not describe can't be asked for its secrets either.
    arn = observed.arn if observed.cluster else ""
    try:
        facts, refusals = observe_secret(client, arn, settings.scram_secret_arn, deadline.at_most(_AWS_SECONDS))
    except ToolkitError as error:
        findings.append(Finding("error", f"secret {settings.scram_secret_arn}", str(error)))
        return None, None
    credentials, faults = check_secret(facts)
    findings += [*refusals, *faults]
    return credentials, facts


def _facts(ec2: Any, function: NetworkEnd, brokers: NetworkEnd, deadline: Deadline) -> Facts:
    return read_facts(ec2, [*function.subnets, *brokers.subnets], [*function.groups, *brokers.groups], deadline)


def _mapping_facts(
    clients: tuple[Any, Any],
    settings: DiagnoseSettings,
    listener: PollerListener,
    secret: SecretFacts | None,
    deadline: Deadline,
) -> MappingFacts:
    """What Lambda says of the mappings, and IAM of the role that their pollers act with; ``clients`` of both."""
    lambda_client, iam = clients
    refusals: list[str] = []

    def told[Answer](action: str, call: Callable[[], Answer]) -> Answer | None:
        try:
            return call_within(deadline.at_most(_AWS_SECONDS), action, call)
        except ToolkitError as error:
            refusals.append(str(error))
            return None

    states = denied = None
    if settings.forwarder_function and settings.cluster_arn:
        function, source = settings.forwarder_function, settings.cluster_arn
        states = told("lambda:ListEventSourceMappings", lambda: mapping_states(lambda_client, function, source))
    if settings.forwarder_role_arn:
        role, key = settings.forwarder_role_arn, (secret.kms_key_id if secret else None) or ""
        name = (secret.arn if secret else None) or settings.scram_secret_arn
        actions = poller_actions(listener, settings.cluster_arn, name, key, states or ())
        denied = told("iam:SimulatePrincipalPolicy", lambda: denied_actions(iam, role, actions))
    return MappingFacts(states=states, denied=denied, refusals=refusals)
