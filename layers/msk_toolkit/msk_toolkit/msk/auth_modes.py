"""Which auth modes a cluster offers, on which listeners, and who can use them: Vantiq's source, the forwarder."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from msk_toolkit.msk.description import ClusterDescription, DeclaredAuth, Switch
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import PROTOCOL_OF, Listener, ListenerMode
from msk_toolkit.msk.pollers import poller_listener, protocols_inside

AuthState = Literal["on", "off", "unknown"]


class Use(msgspec.Struct, frozen=True):
    """Whether something can use an auth mode. ``known`` is False where that rests on documents alone, untried."""

    usable: bool
    known: bool
    reason: str


class ListenerAuth(msgspec.Struct, frozen=True):
    """An auth mode, and what it is good for."""

    mode: ListenerMode
    state: AuthState
    listeners: list[Listener]
    vantiq: Use
    forwarder: Use


_VANTIQ: Mapping[ListenerMode, Use] = {
    "none": Use(
        True,
        True,
        "no login and no encryption: Vantiq must be in the VPC or connected to it (peering, transit gateway, VPN)",
    ),
    "tls": Use(True, True, "no login, but encrypted: security.protocol SSL; MSK's certificates are publicly trusted"),
    "mtls": Use(
        False,
        False,
        "the walk-through of 2021 says that Vantiq does not support client certificates; today's documentation "
        "describes two-way SSL with a key store on Vantiq's own host: not tried, and not generated here",
    ),
    "scram": Use(True, True, "SASL_SSL with SCRAM-SHA-512; user and password are those of the AmazonMSK_ secret"),
    "iam": Use(
        False,
        False,
        "it needs Amazon's login module in Vantiq's class path, which Vantiq's documentation does not mention",
    ),
}
_FORWARDER: Mapping[ListenerMode, Use] = {
    "none": Use(True, True, "AuthMode none"),
    "tls": Use(True, True, "AuthMode tls"),
    "mtls": Use(
        True, False, "AuthMode mtls, with ClientCertificateSecretArn; tried on Apache Kafka, not on a real MSK cluster"
    ),
    "scram": Use(True, True, "AuthMode scram, with ScramSecretArn and ScramSecretKmsKeyArn"),
    "iam": Use(
        True, False, "AuthMode iam: the role's kafka-cluster permissions are the login; not tried on a real MSK cluster"
    ),
}


_STATES: Mapping[Switch, AuthState] = {True: "on", False: "off", None: "unknown"}


def auth_modes(cluster: ClusterDescription | None, listeners: Sequence[Listener] | None) -> list[ListenerAuth]:
    """Every auth mode with its state.

    A listener that exists decides; what the cluster declares decides where the listeners are not known (None).
    """
    declared = cluster.declared_auth if cluster else DeclaredAuth()
    return [_auth_mode(mode, declared, listeners) for mode in get_args(ListenerMode)]


def auth_findings(cluster: ClusterDescription | None, listeners: Sequence[Listener] | None) -> list[Finding]:
    """Where the declared logins and the listeners differ, and where there is a choice of networks."""
    if listeners is None:
        return []
    findings = [*_missing_listeners(cluster, listeners), *_several_networks(listeners)]
    if not listeners and (cluster is None or cluster.state in {"ACTIVE", None}):
        findings.append(Finding("error", "listeners", "MSK lists no brokers for this cluster"))
    return findings


def _missing_listeners(cluster: ClusterDescription | None, listeners: Sequence[Listener]) -> list[Finding]:
    if cluster is None or cluster.state != "ACTIVE":
        return []
    text = "is switched on, but the cluster lists no listener for it: an update may be in progress"
    missing = _modes_without_listener(cluster.declared_auth, listeners)
    return [Finding("warning", "auth modes", f"{mode} {text}") for mode in missing]


def _modes_without_listener(declared: DeclaredAuth, listeners: Sequence[Listener]) -> list[ListenerMode]:
    switches: dict[ListenerMode, Switch] = {"scram": declared.scram, "iam": declared.iam}
    return [mode for mode, switch in switches.items() if switch and not _of(mode, listeners)]


def _several_networks(listeners: Sequence[Listener]) -> list[Finding]:
    networks = list(dict.fromkeys(listener.network for listener in listeners))
    if len(networks) < 2:
        return []
    text = (
        f"the brokers listen in several networks ({', '.join(networks)}); files and source are made for a single one, "
        "vpc unless the request names another: Vantiq in the cloud needs public, everything else vpc"
    )
    return [Finding("note", "listeners", text)]


def _auth_mode(mode: ListenerMode, declared: DeclaredAuth, listeners: Sequence[Listener] | None) -> ListenerAuth:
    return ListenerAuth(
        mode=mode,
        state=_STATES[_is_on(mode, declared, listeners)],
        listeners=_of(mode, listeners or ()),
        vantiq=_VANTIQ[mode],
        forwarder=_forwarder(mode, declared, listeners),
    )


def _forwarder(mode: ListenerMode, declared: DeclaredAuth, listeners: Sequence[Listener] | None) -> Use:
    """What the mode is for the forwarder, whose pollers choose their own listener where there is no secret."""
    if mode not in ("none", "tls"):
        return _FORWARDER[mode]
    pollers = poller_listener(mode, declared, protocols_inside(listeners))
    if pollers.protocol == PROTOCOL_OF[mode]:
        return _FORWARDER[mode]
    text = (
        f"AuthMode {mode} for the functions; but the mappings' pollers use {pollers.protocol} on {pollers.port}, the "
        "strongest that the cluster has on"
    )
    if pollers.protocol == "iam":
        text += "; the role's kafka-cluster permissions are their login"
    return Use(True, False, text)


def _is_on(mode: ListenerMode, declared: DeclaredAuth, listeners: Sequence[Listener] | None) -> Switch:
    if mode == "mtls":
        return _certificates_are_on(declared, listeners)
    if mode == "tls" and _requires_certificate(declared):
        return False
    if listeners is not None:
        return bool(_of(mode, listeners))
    return _declared_switch(mode, declared)


def _requires_certificate(declared: DeclaredAuth) -> bool:
    """Whether the TLS listener, if it exists, accepts only clients with a certificate."""
    return declared.mtls is True and declared.none is not True


def _declared_switch(mode: ListenerMode, declared: DeclaredAuth) -> Switch:
    switches: Mapping[ListenerMode, Switch] = {
        "none": declared.none,
        "tls": declared.none,
        "scram": declared.scram,
        "iam": declared.iam,
    }
    return switches[mode]


def _certificates_are_on(declared: DeclaredAuth, listeners: Sequence[Listener] | None) -> Switch:
    if declared.mtls is not None:
        return declared.mtls
    # Without a TLS listener there is nowhere to ask for certificates; with it, it is not known whether they are.
    if listeners is not None and not _of("mtls", listeners):
        return False
    return None


def _of(mode: ListenerMode, listeners: Sequence[Listener]) -> list[Listener]:
    return [listener for listener in listeners if listener.protocol == PROTOCOL_OF[mode]]
