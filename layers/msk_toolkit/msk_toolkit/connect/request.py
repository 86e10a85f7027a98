"""What the connect function is asked and what it answers."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.connect.client_files import ClientFiles
from msk_toolkit.connect.poller_access import PollerAccess
from msk_toolkit.connect.register import Registration
from msk_toolkit.connect.vantiq_source import SourceOptions
from msk_toolkit.msk.auth_modes import ListenerAuth
from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import Network
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.settings.loading import read_event
from msk_toolkit.version import ResponseVersion, current_version


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
        AuthMode | None, Meta(description="Auth mode that files and source are for; without it AUTH_MODE.")
    ] = None
    network: Annotated[Network, Meta(description="Which addresses of the brokers to use.")] = "vpc"
    include: Annotated[
        list[Literal["password"]],
        Meta(description="password puts it into the client files (and the source, if inline), in this answer only."),
    ] = []
    source: Annotated[SourceOptions, Meta(description="Vantiq's Kafka source.")] = SourceOptions()
    renew_secret: Annotated[
        bool, Meta(description="Write the password to Vantiq's secret again, for example after a rotation.")
    ] = False
    targets_only: Annotated[
        bool, Meta(description="Plan or register the forwarder's targets alone, without Vantiq's own Kafka source.")
    ] = False
    replace: Annotated[
        list[str],
        Meta(
            description="Names of secrets and sources in Vantiq to overwrite even though the toolkit did not create "
            "them, or they belong to another cluster."
        ),
    ] = []
    test: Annotated[
        bool, Meta(description="After register, send a test message through the source and wait for it.")
    ] = True


class VantiqSourceDefinition(msgspec.Struct, frozen=True):
    """A source as Vantiq's REST API accepts it; in the web page only ``config`` is typed in."""

    name: str
    type: Literal["KAFKA"]
    config: dict[str, Any]


class ConnectResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a cluster that a client, or Vantiq, has to know; what is not known is null."""

    cluster: ClusterDescription | None
    auth_modes: list[ListenerAuth]
    client: ClientFiles | None
    source: VantiqSourceDefinition | None
    registration: Registration | None
    findings: list[Finding]
    pollers: Annotated[
        PollerAccess | None, Meta(description="What the stack's pollers need; null for another cluster.")
    ] = None
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def parse_connect_request(event: Any) -> ConnectRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    return read_event(event, ConnectRequest, '{"action": "describe"}')
