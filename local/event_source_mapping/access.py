"""``SourceAccessConfigurations``: how a mapping's pollers log in, and where those of a self-managed cluster are.

Source: AWS Lambda's API reference, SourceAccessConfiguration, read on 2026-11-29.
"""

from collections.abc import Mapping, Sequence

import msgspec

_MECHANISMS: Mapping[str, str] = {
    "SASL_SCRAM_512_AUTH": "SCRAM-SHA-512",
    "SASL_SCRAM_256_AUTH": "SCRAM-SHA-256",
}
_CERTIFICATE = "CLIENT_CERTIFICATE_TLS_AUTH"
_ROOT_CA = "SERVER_ROOT_CA_CERTIFICATE"
_ON_MSK = {"SASL_SCRAM_512_AUTH", _CERTIFICATE}
# Beginnings of what a network's entry holds.
_NETWORK: Mapping[str, str] = {"VPC_SUBNET": "subnet:subnet-", "VPC_SECURITY_GROUP": "security_group:sg-"}
_SELF_MANAGED = {*_MECHANISMS, _CERTIFICATE, _ROOT_CA, *_NETWORK}


class SourceAccess(msgspec.Struct, frozen=True, rename="pascal"):
    """One entry: a secret's ARN, or a part of the network, by its type."""

    type: str
    uri: str = msgspec.field(name="URI")


class Access(msgspec.Struct, frozen=True):
    """The secrets of a mapping by their ARNs; ``mechanism`` is that of ``scram_secret_arn``."""

    scram_secret_arn: str | None = None
    mechanism: str = ""
    certificate_arn: str | None = None
    root_ca_arn: str | None = None


def access_of(entries: Sequence[SourceAccess]) -> Access:
    """What the entries name."""
    by_type = {entry.type: entry.uri for entry in entries}
    login = next((kind for kind in _MECHANISMS if kind in by_type), "")
    return Access(
        scram_secret_arn=by_type.get(login),
        mechanism=_MECHANISMS.get(login, ""),
        certificate_arn=by_type.get(_CERTIFICATE),
        root_ca_arn=by_type.get(_ROOT_CA),
    )


def access_problems(entries: Sequence[SourceAccess], *, on_msk: bool) -> list[str]:
    """What Lambda, or this local playing of it, does not take."""
    types = [entry.type for entry in entries]
    unknown = sorted(set(types) - (_ON_MSK if on_msk else _SELF_MANAGED))
    problems = [f"{kind} is not supported for this kind of cluster" for kind in unknown]
    if len([kind for kind in types if kind in {*_MECHANISMS, _CERTIFICATE}]) > 1:
        problems.append("SourceAccessConfigurations has more than one login")
    for entry in entries:
        beginning = _NETWORK.get(entry.type, "")
        if not entry.uri.startswith(beginning):
            problems.append(f"{entry.type} must begin with {beginning}")
    return problems
