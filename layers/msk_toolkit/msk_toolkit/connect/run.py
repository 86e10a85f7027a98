"""What the connect function is asked and what it answers."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.connect.client_files import ClientFiles, client_file_findings, client_files
from msk_toolkit.connect.forwarder_targets import targets_of_forwarder, targets_of_topics
from msk_toolkit.connect.login import Login
from msk_toolkit.connect.register import Registration, Wanted
from msk_toolkit.connect.vantiq_source import (
    SourceOptions,
    property_faults,
    secret_value,
    source_configuration,
    source_findings,
)
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.auth_modes import ListenerAuth, auth_findings, auth_modes
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import PROTOCOL_OF, Listener, Network
from msk_toolkit.msk.observe import ObservedCluster, observe_cluster
from msk_toolkit.msk.observe_secret import observe_secret
from msk_toolkit.msk.secret import check_secret
from msk_toolkit.msk.state_findings import state_findings
from msk_toolkit.settings.cluster import AuthMode as SettingsMode
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.loading import read_event
from msk_toolkit.version import ResponseVersion, current_version

_NO_NAME = "<username>"


class ConnectRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the function is to do; by default it looks at AWS and writes nothing anywhere."""

    action: Annotated[
        Literal["describe", "plan", "register", "check"],
        Meta(
            description="describe asks AWS only, plan also asks Vantiq, register changes Vantiq to match the plan; "
            "check asks Vantiq alone whether the targets of the stack's forwarder keep what they are sent."
        ),
    ] = "describe"
    cluster: Annotated[str, Meta(description="ARN or name of the cluster; without it CLUSTER_ARN.")] = ""
    auth_mode: Annotated[
        SettingsMode | None, Meta(description="Which listener files and source are for; without it AUTH_MODE.")
    ] = None
    network: Annotated[Network, Meta(description="Which addresses of the brokers to use.")] = "vpc"
    include: Annotated[
        list[Literal["password"]],
        Meta(description="password puts it into the client files (and the source, if inline), in this answer only."),
    ] = []
    source: Annotated[SourceOptions, Meta(description="Vantiq's Kafka source.")] = SourceOptions()
    renew_secret: Annotated[
        bool, Meta(description="Write the password into Vantiq's secret anew, as after a rotation.")
    ] = False
    targets_only: Annotated[
        bool, Meta(description="Plan or register the forwarder's targets alone, without a Kafka source of Vantiq's.")
    ] = False
    replace: Annotated[
        list[str],
        Meta(
            description="Names of secrets and sources in Vantiq to overwrite although they were not made here, or are "
            "of another cluster."
        ),
    ] = []
    test: Annotated[bool, Meta(description="After register, send a test message through the source and await it.")] = (
        True
    )


class VantiqSourceDefinition(msgspec.Struct, frozen=True):
    """A source as Vantiq's REST API takes it; in the web page only ``config`` is typed in."""

    name: str
    type: Literal["KAFKA"]
    config: dict[str, Any]


class ConnectResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a cluster that a client, or Vantiq, has to know; what could not be told is null."""

    cluster: ClusterDescription | None
    auth_modes: list[ListenerAuth]
    client: ClientFiles | None
    source: VantiqSourceDefinition | None
    registration: Registration | None
    findings: list[Finding]
    version: ResponseVersion = msgspec.field(default_factory=current_version)


# From what is wanted and the findings so far to the registration.
Registrar = Callable[[Wanted, list[Finding]], Registration | None]
# What Kafka says of the source's topics, asked with the source's own login.
AskKafka = Callable[[Login, Sequence[str], Deadline], list[Finding]]


def parse_connect_request(event: Any) -> ConnectRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    return read_event(event, ConnectRequest, '{"action": "describe"}')


def run_connect(
    request: ConnectRequest,
    settings: ConnectSettings,
    client: MakeClient,
    registrar: Registrar | None,
    deadline: Deadline,
    ask_kafka: AskKafka | None = None,
) -> ConnectResponse:
    """Carry out a request. What AWS or Vantiq refuse is among the findings, and the rest is answered all the same.

    Args:
        client: makes a boto3 client from a service's name.
        registrar: plans or carries out in Vantiq; None for an action that leaves Vantiq alone.
        deadline: for what AWS and Kafka are asked; the registrar has its own.
        ask_kafka: asks about the source's topics, before Vantiq is; None where nobody can.
    """
    mode = request.auth_mode or settings.auth_mode
    observed = observe_cluster(client, request.cluster or settings.cluster_arn, deadline)
    findings = list(observed.findings)
    findings += state_findings(observed.cluster) if observed.cluster else []
    findings += auth_findings(observed.cluster, observed.listeners)
    credentials = _credentials(mode, settings, client, observed, findings, deadline)
    login = _login(request, mode, settings, observed, credentials, findings)
    files = source = registration = None
    if login is not None:
        files = client_files(login)
        source = VantiqSourceDefinition(request.source.name, "KAFKA", source_configuration(login, request.source))
        findings += client_file_findings(login) + source_findings(login, request.source)
    if registrar is not None and request.targets_only:
        targets = targets_of_forwarder(settings, request.source.topics, findings)
        registration = registrar(Wanted(source="", config={}, targets=targets), findings)
    elif registrar is not None and not _blocked(request, login, credentials, ask_kafka, findings, deadline):
        registration = _register(request, settings, login, credentials, source, registrar, findings)
    modes = auth_modes(observed.cluster, observed.listeners)
    return ConnectResponse(
        cluster=observed.cluster,
        auth_modes=modes,
        client=files,
        source=source,
        registration=registration,
        findings=findings,
    )


def _credentials(
    mode: SettingsMode,
    settings: ConnectSettings,
    client: MakeClient,
    observed: ObservedCluster,
    findings: list[Finding],
    deadline: Deadline,
) -> ScramCredentials | None:
    if mode != "scram" or not settings.scram_secret_arn:
        return None
    arn = observed.arn if observed.cluster is not None else ""
    facts, refusals = observe_secret(client, arn, settings.scram_secret_arn, deadline)
    credentials, faults = check_secret(facts)
    findings += [*refusals, *faults]
    return credentials


def _login(
    request: ConnectRequest,
    mode: SettingsMode,
    settings: ConnectSettings,
    observed: ObservedCluster,
    credentials: ScramCredentials | None,
    findings: list[Finding],
) -> Login | None:
    """What clients need in this mode; None, with a finding, where there is nothing to write into a file."""
    if mode == "iam":
        text = "IAM needs Amazon's own login module in every client; no files and no Vantiq source are made for it"
        findings.append(Finding("note", "client files", text))
        return None
    # Each mode has ports of its own, and the setting's are those of the stack's mode.
    given = settings.bootstrap_servers and not request.cluster and mode == settings.auth_mode
    brokers = settings.bootstrap_servers.replace(" ", "") if given else ""
    brokers = brokers or _brokers(mode, request.network, observed.listeners or ())
    if not brokers:
        if observed.listeners:
            offered = ", ".join(sorted({f"{one.protocol} in {one.network}" for one in observed.listeners}))
            text = f"the cluster has no listener for {mode} in {request.network}; it has {offered}"
            findings.append(Finding("error", "listeners", text))
        return None
    return Login(
        mode,
        brokers,
        credentials.username if credentials else _NO_NAME,
        credentials.password if credentials and "password" in request.include else None,
        settings.trusted_ca.replace("\\n", "\n"),
    )


def _brokers(mode: SettingsMode, network: Network, found: Sequence[Listener]) -> str:
    wanted = (network, PROTOCOL_OF[mode])
    return next((one.brokers for one in found if (one.network, one.protocol) == wanted), "")


def _register(
    request: ConnectRequest,
    settings: ConnectSettings,
    login: Login | None,
    credentials: ScramCredentials | None,
    source: VantiqSourceDefinition | None,
    registrar: Registrar,
    findings: list[Finding],
) -> Registration | None:
    if login is None or source is None:
        findings.append(Finding("error", "register", "there is no source to register, see the other findings"))
        return None
    options = request.source
    by_reference = login.mode == "scram" and not options.inline_password
    complete = _with_password(login, credentials)
    if login.mode == "scram" and credentials is None:
        findings.append(Finding("error", "register", "the credentials are not known, see the secret's findings"))
        return None
    wanted = Wanted(
        source=source.name,
        config=source_configuration(complete, options),
        test_topic=options.topics[0] if request.test and options.topics else None,
        secret=options.secret if by_reference else None,
        secret_value=secret_value(credentials.username, credentials.password, options.secret_holds)
        if credentials and by_reference
        else None,
        renew_secret=request.renew_secret,
        replace=request.replace,
        targets=targets_of_topics(settings, options.topics, findings),
    )
    return registrar(wanted, findings)


def _with_password(login: Login, credentials: ScramCredentials | None) -> Login:
    """What is shown may lack the password; what is registered, and who asks Kafka, may not."""
    return msgspec.structs.replace(login, password=credentials.password if credentials else None)


def _blocked(
    request: ConnectRequest,
    login: Login | None,
    credentials: ScramCredentials | None,
    ask_kafka: AskKafka | None,
    findings: list[Finding],
    deadline: Deadline,
) -> bool:
    """Whether the source can't or mustn't be registered as it is asked for; Vantiq is not even asked then."""
    if login is None:
        return False
    faults = property_faults(login, request.source)
    if ask_kafka is not None and request.source.topics:
        told = ask_kafka(_with_password(login, credentials), request.source.topics, deadline)
        findings += told
        # A source of a topic that is not there waits for ever, without a word.
        faults += [finding for finding in told if finding.severity == "error"]
    if faults:
        text = "nothing is planned or registered before the source's faults are settled, see the other findings"
        findings.append(Finding("error", "register", text))
    return bool(faults)
