"""Carry out a request: describe the cluster, write files and source, have them registered.

1. Ask AWS about the cluster, and about its secret where the auth mode needs it.
2. Make the client files and Vantiq's source of what is known.
3. Unless something is wrong with the source, ask Kafka for its topics and have it registered in Vantiq.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.connect.client_files import ClientFiles, client_file_findings, client_files
from msk_toolkit.connect.forwarder_targets import targets_of_forwarder, targets_of_topics
from msk_toolkit.connect.login import Login
from msk_toolkit.connect.poller_access import PollerAccess, poller_access
from msk_toolkit.connect.register import DesiredRegistration, Registration
from msk_toolkit.connect.request import ConnectRequest, ConnectResponse, VantiqSourceDefinition
from msk_toolkit.connect.vantiq_source import (
    SourceOptions,
    property_faults,
    secret_value,
    source_configuration,
    source_findings,
)
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.auth_modes import auth_findings, auth_modes
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.description import DeclaredAuth
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import PROTOCOL_OF, Listener, Network
from msk_toolkit.msk.observe import ObservedCluster, observe_cluster, outside_msk
from msk_toolkit.msk.observe_secret import observe_secret
from msk_toolkit.msk.pollers import poller_listener
from msk_toolkit.msk.secret import check_secret
from msk_toolkit.msk.state_findings import state_findings
from msk_toolkit.settings.cluster import SCRAM_MODES, AuthMode
from msk_toolkit.settings.connect import ConnectSettings

_NO_NAME = "<username>"
_NO_BROKERS = "HOST:PORT"
_NO_FILES: Mapping[AuthMode, str] = {
    "iam": "IAM needs Amazon's own login module in every client; no files and no Vantiq source are generated for it",
    "mtls": "with mutual TLS each client needs a certificate of its own; no files and no Vantiq source are generated "
    "for it",
}

# From what is desired and the findings so far to the registration.
Registrar = Callable[[DesiredRegistration, list[Finding]], Registration | None]
# What Kafka says of the source's topics, asked with the source's own login.
AskKafka = Callable[[Login, Sequence[str], Deadline], list[Finding]]


class _Run(NamedTuple):
    """A request with its settings, and what has been found out so far."""

    request: ConnectRequest
    settings: ConnectSettings
    observed: ObservedCluster
    findings: list[Finding]

    @property
    def mode(self) -> AuthMode:
        return self.request.auth_mode or self.settings.auth_mode

    def error(self, subject: str, text: str) -> None:
        self.findings.append(Finding("error", subject, text))


class _Access(NamedTuple):
    """How the source logs in; ``login`` shows the password only where it was asked for."""

    login: Login | None
    credentials: ScramCredentials | None

    def complete(self, login: Login) -> Login:
        """What is registered, and who asks Kafka, needs the password, which what is shown may lack."""
        if self.credentials is None:
            return login
        return msgspec.structs.replace(login, password=self.credentials.password)


def run_connect(
    request: ConnectRequest,
    settings: ConnectSettings,
    client: MakeClient,
    registrar: Registrar | None,
    deadline: Deadline,
    ask_kafka: AskKafka | None = None,
) -> ConnectResponse:
    """Carry out a request. What AWS or Vantiq refuse is among the findings, and everything else is still answered.

    Args:
        client: makes a boto3 client from a service's name.
        registrar: plans or carries out in Vantiq; None for an action that leaves Vantiq alone.
        deadline: for what AWS and Kafka are asked; the registrar has its own.
        ask_kafka: asks about the source's topics, before Vantiq is asked; None where that is not possible.
    """
    cluster = request.cluster or settings.cluster_arn
    observed = observe_cluster(client, cluster, deadline) if cluster else outside_msk()
    run = _Run(request, settings, observed, list(observed.findings))
    if observed.cluster is not None:
        run.findings.extend(state_findings(observed.cluster))
    run.findings.extend(auth_findings(observed.cluster, observed.listeners))
    credentials = _credentials(run, client, deadline)
    access = _Access(_login(run, credentials), credentials)
    files, source = _written(run, access.login)
    registration = None
    if registrar is not None:
        desired = _desired(run, access, ask_kafka, deadline)
        if desired is not None:
            registration = registrar(desired, run.findings)
    return ConnectResponse(
        cluster=observed.cluster,
        auth_modes=auth_modes(observed.cluster, observed.listeners),
        client=files,
        source=source,
        registration=registration,
        findings=run.findings,
        pollers=_pollers(run, credentials),
    )


def _pollers(run: _Run, credentials: ScramCredentials | None) -> PollerAccess | None:
    """What the pollers of the stack's own mappings need; they know nothing of another cluster."""
    if run.request.cluster:
        return None
    settings, cluster = run.settings, run.observed.cluster
    offered = {listener.protocol for listener in run.observed.listeners or () if listener.network == "vpc"} or None
    listener = poller_listener(settings.auth_mode, cluster.declared_auth if cluster else DeclaredAuth(), offered)
    return poller_access(
        listener.protocol,
        settings.groups(),
        cluster_arn=settings.cluster_arn,
        brokers=_brokers(run) or _NO_BROKERS,
        username=credentials.username if credentials else _NO_NAME,
        given_up_topic=settings.given_up_topic,
    )


def _credentials(run: _Run, client: MakeClient, deadline: Deadline) -> ScramCredentials | None:
    secret_id = run.settings.scram_secret_arn
    if run.mode not in SCRAM_MODES or not secret_id:
        return None
    # A cluster that MSK did not describe can't be asked for its secrets either.
    arn = run.observed.arn if run.observed.cluster else ""
    users = run.settings.user_secrets()
    facts, refusals = observe_secret(client, arn, secret_id, deadline, users)
    credentials, faults = check_secret(facts, on_msk=bool(run.observed.arn))
    run.findings.extend([*refusals, *faults])
    return credentials


def _login(run: _Run, credentials: ScramCredentials | None) -> Login | None:
    """What clients need in this mode; None, with a finding, where there is nothing to write into a file."""
    mode = run.mode
    if mode == "iam" or mode == "mtls":
        run.findings.append(Finding("note", "client files", _NO_FILES[mode]))
        return None
    brokers = _brokers(run)
    if not brokers:
        _report_missing_listener(run)
        return None
    login = Login(mode, brokers, _NO_NAME, None, run.settings.trusted_ca.replace("\\n", "\n"))
    if credentials is None:
        return login
    return _with_credentials(login, credentials, with_password="password" in run.request.include)


def _report_missing_listener(run: _Run) -> None:
    if run.observed.listeners:
        offered = {f"{listener.protocol} in {listener.network}" for listener in run.observed.listeners}
        text = (
            f"the cluster has no listener for {run.mode} in {run.request.network}; it has {', '.join(sorted(offered))}"
        )
        run.error("listeners", text)


def _with_credentials(login: Login, credentials: ScramCredentials, *, with_password: bool) -> Login:
    named = msgspec.structs.replace(login, username=credentials.username)
    if with_password:
        return msgspec.structs.replace(named, password=credentials.password)
    return named


def _brokers(run: _Run) -> str:
    """Those of the settings where they are for this cluster and mode, and otherwise those that MSK lists."""
    settings = run.settings
    # Each mode has ports of its own, and the setting's are those of the stack's mode.
    if settings.bootstrap_servers and not run.request.cluster and run.mode == settings.auth_mode:
        return settings.bootstrap_servers.replace(" ", "")
    return _listed_brokers(run.mode, run.request.network, run.observed.listeners or ())


def _listed_brokers(mode: AuthMode, network: Network, listeners: Sequence[Listener]) -> str:
    key = (network, PROTOCOL_OF[mode])
    return next((listener.brokers for listener in listeners if (listener.network, listener.protocol) == key), "")


def _written(run: _Run, login: Login | None) -> tuple[ClientFiles | None, VantiqSourceDefinition | None]:
    if login is None:
        return None, None
    options = run.request.source
    source = VantiqSourceDefinition(options.name, "KAFKA", source_configuration(login, options))
    run.findings.extend(client_file_findings(login) + source_findings(login, options))
    return client_files(login), source


def _may_be_registered(run: _Run, access: _Access, ask_kafka: AskKafka | None, deadline: Deadline) -> bool:
    """Whether nothing is wrong with the source; Vantiq is not even asked about a source with errors."""
    login, options = access.login, run.request.source
    if login is None:
        return True
    faults = property_faults(login, options)
    if ask_kafka is not None and options.topics:
        topic_findings = ask_kafka(access.complete(login), options.topics, deadline)
        run.findings.extend(topic_findings)
        # A source of a topic that does not exist waits indefinitely, and reports nothing.
        faults += _errors(topic_findings)
    if faults:
        text = "nothing is planned or registered until the source's errors are fixed, see the other findings"
        run.error("register", text)
    return not faults


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _desired(run: _Run, access: _Access, ask_kafka: AskKafka | None, deadline: Deadline) -> DesiredRegistration | None:
    """What is to be in Vantiq; None, with a finding, where that is not known, or must not be."""
    if run.request.targets_only:
        targets = targets_of_forwarder(run.settings, run.request.source.topics, run.findings)
        return DesiredRegistration(source="", config={}, targets=targets)
    if not _may_be_registered(run, access, ask_kafka, deadline):
        return None
    return _desired_source(run, access)


def _desired_source(run: _Run, access: _Access) -> DesiredRegistration | None:
    login, credentials, options = access.login, access.credentials, run.request.source
    if login is None:
        run.error("register", "there is no source to register, see the other findings")
        return None
    if login.mechanism and credentials is None:
        run.error("register", "the credentials are not known, see the secret's findings")
        return None
    desired = DesiredRegistration(
        source=options.name,
        config=source_configuration(access.complete(login), options),
        test_topic=_test_topic(run.request),
        renew_secret=run.request.renew_secret,
        replace=run.request.replace,
        targets=targets_of_topics(run.settings, options.topics, run.findings),
    )
    if credentials is None:
        return desired
    return _with_secret(desired, credentials, options)


def _test_topic(request: ConnectRequest) -> str | None:
    if request.test and request.source.topics:
        return request.source.topics[0]
    return None


def _with_secret(
    desired: DesiredRegistration, credentials: ScramCredentials, options: SourceOptions
) -> DesiredRegistration:
    if options.inline_password:
        return desired
    value = secret_value(credentials.username, credentials.password, options.secret_holds)
    return msgspec.structs.replace(desired, secret=options.secret, secret_value=value)
