"""Which ways to log in a cluster offers, on which listeners, and who can use them: Vantiq's source, the forwarder."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from msk_toolkit.msk.description import ClusterDescription, DeclaredAuth
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import Listener, Protocol
from msk_toolkit.msk.pollers import poller_listener, protocols_inside

ListenerMode = Literal["none", "tls", "mtls", "scram", "iam"]


class Use(msgspec.Struct, frozen=True):
    """Whether something can use an auth mode. ``known`` is False where that rests on documents alone, untried."""

    usable: bool
    known: bool
    reason: str


class ListenerAuth(msgspec.Struct, frozen=True):
    """A way to log in, and what it is good for."""

    mode: ListenerMode
    state: Literal["on", "off", "unknown"]
    listeners: list[Listener]
    vantiq: Use
    forwarder: Use


_PROTOCOL: Mapping[ListenerMode, Protocol] = {
    "none": "plaintext",
    "tls": "tls",
    # Client certificates are asked for on the TLS listener itself.
    "mtls": "tls",
    "scram": "scram",
    "iam": "iam",
}
_VANTIQ: Mapping[ListenerMode, Use] = {
    "none": Use(
        True,
        True,
        "no login and no encryption: Vantiq must be in the VPC or joined to it (peering, transit gateway, VPN)",
    ),
    "tls": Use(True, True, "no login, but encrypted: security.protocol SSL; MSK's certificates are public ones"),
    "mtls": Use(
        False,
        False,
        "the walk-through of 2021 says that Vantiq has no client certificates; today's documentation describes two-way "
        "SSL with a key store that must lie on Vantiq's own host: not tried, and not generated here",
    ),
    "scram": Use(True, True, "SASL_SSL with SCRAM-SHA-512; user and password are those of the AmazonMSK_ secret"),
    "iam": Use(
        False,
        False,
        "it needs Amazon's login module in Vantiq's class path, of which Vantiq's documentation says nothing",
    ),
}
_FORWARDER: Mapping[ListenerMode, Use] = {
    "none": Use(True, True, "AuthMode none"),
    "tls": Use(True, True, "AuthMode tls"),
    "mtls": Use(
        False, True, "the toolkit's functions have no client certificate, though Lambda's mapping could have one"
    ),
    "scram": Use(True, True, "AuthMode scram, with ScramSecretArn and ScramSecretKmsKeyArn"),
    "iam": Use(True, False, "AuthMode iam: the role's kafka-cluster permissions are the login; tried on no real MSK"),
}


def auth_modes(cluster: ClusterDescription | None, found: Sequence[Listener] | None) -> list[ListenerAuth]:
    """Every auth mode with its state.

    A listener that is there decides; what the cluster declares decides where the listeners are not known (None).
    """
    declared = cluster.declared_auth if cluster else DeclaredAuth()
    return [_auth_mode(mode, declared, found) for mode in get_args(ListenerMode)]


def auth_findings(cluster: ClusterDescription | None, found: Sequence[Listener] | None) -> list[Finding]:
    """Where the declared logins and the listeners differ, and where there is a choice of networks."""
    findings: list[Finding] = []
    if found is None:
        return findings
    if cluster and cluster.state == "ACTIVE":
        for mode in ("scram", "iam"):
            if getattr(cluster.declared_auth, mode) and not _of(mode, found):
                text = f"{mode} is switched on, but the cluster names no listener for it: an update may be under way"
                findings.append(Finding("warning", "auth modes", text))
    networks = list(dict.fromkeys(one.network for one in found))
    if len(networks) > 1:
        text = (
            f"the brokers listen in several networks ({', '.join(networks)}); files and source are made for one of "
            "them, vpc unless the request names another: Vantiq in the cloud needs public, all else vpc"
        )
        findings.append(Finding("note", "listeners", text))
    if not found and (cluster is None or cluster.state in {"ACTIVE", None}):
        findings.append(Finding("error", "listeners", "MSK names no brokers at all for this cluster"))
    return findings


def _auth_mode(mode: ListenerMode, declared: DeclaredAuth, found: Sequence[Listener] | None) -> ListenerAuth:
    mine = _of(mode, found or ())
    return ListenerAuth(
        mode, _state(mode, declared, found, mine), mine, _VANTIQ[mode], _forwarder(mode, declared, found)
    )


def _forwarder(mode: ListenerMode, declared: DeclaredAuth, found: Sequence[Listener] | None) -> Use:
    """What the mode is for the forwarder, whose pollers choose their own listener where there is no secret."""
    if mode not in ("none", "tls"):
        return _FORWARDER[mode]
    pollers = poller_listener(mode, declared, protocols_inside(found))
    if pollers.protocol == _PROTOCOL[mode]:
        return _FORWARDER[mode]
    login = "; the role's kafka-cluster permissions are their login" if pollers.protocol == "iam" else ""
    text = (
        f"AuthMode {mode} for the functions; the mappings' pollers take {pollers.protocol} on {pollers.port} all the "
        f"same, the strongest that the cluster has on{login}"
    )
    return Use(True, False, text)


def _state(
    mode: ListenerMode, declared: DeclaredAuth, found: Sequence[Listener] | None, mine: Sequence[Listener]
) -> Literal["on", "off", "unknown"]:
    known = found is not None
    match mode:
        case "mtls":
            on = declared.mtls if declared.mtls is not None else False if known and not mine else None
        case "tls" if declared.mtls and declared.none is not True:
            # The listener is there, but it lets in nobody without a certificate.
            on = False
        case "tls":
            on = bool(mine) if known else declared.none
        case "none" | "scram" | "iam":
            on = bool(mine) if known else getattr(declared, mode)
    return "unknown" if on is None else "on" if on else "off"


def _of(mode: ListenerMode, found: Sequence[Listener]) -> list[Listener]:
    return [one for one in found if one.protocol == _PROTOCOL[mode]]
