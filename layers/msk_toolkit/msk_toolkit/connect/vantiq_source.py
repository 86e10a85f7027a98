"""The configuration of Vantiq's own Kafka source."""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.connect.escaping import jaas_quoted
from msk_toolkit.connect.login import Login, jaas_login
from msk_toolkit.msk.findings import Finding

ContentType = Literal["text/plain", "application/json", "application/xml"]
SecretHolds = Literal["password", "login"]
_SCHEME = "sb://"
# As Vantiq writes the reference; a name with a bracket in it would end it early.
_SECRET_NAME = r"^[A-Za-z0-9_.-]{1,200}$(?!\n)"  # noqa: S105
# What the toolkit writes itself and no secret belongs into. A list of what is secret would miss some names: Kafka's
# clients, their plugins and login modules have too many for it.
_HARMLESS = {
    "bootstrap.servers",
    "consumer.topics",
    "contentType",
    "group.id",
    "sasl.mechanism",
    "security.protocol",
    "ssl.truststore.type",
}
# What decides where the password goes, and whether anybody on the network path can read it. The toolkit writes the
# first four; the others can switch the check of the broker's certificate off or hand the login to foreign code.
_GUARDS_THE_PASSWORD = {
    "bootstrap.servers",
    "security.protocol",
    "sasl.mechanism",
    "sasl.jaas.config",
    "sasl.client.callback.handler.class",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "security.providers",
    "ssl.engine.factory.class",
    "ssl.trustmanager.algorithm",
}
_HOST_CHECK = "ssl.endpoint.identification.algorithm"
# What the toolkit writes and a person may override.
_WRITTEN_HERE = frozenset(
    {"bootstrap.servers", "consumer.topics", "sasl.jaas.config", "sasl.mechanism", "security.protocol"}
)
# Addresses and names: somebody may have put a connection string with a key in it there.
_PLAIN = re.compile(r"[\w.,:/\[\]-]*")


class SourceOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person can choose about the source."""

    name: Annotated[
        str,
        Meta(
            description="The source's name in Vantiq.",
            # A dollar alone would let a line break pass behind the name.
            pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$(?!\n)",
        ),
    ] = "MskSource"
    topics: Annotated[
        list[str],
        Meta(description="Kafka topics to consume (consumer.topics); none makes a source that only publishes."),
    ] = []
    scheme: Annotated[
        Literal["sb", "bare"],
        Meta(description="sb writes brokers as sb://host:port, as the walk-through does; bare as host:port."),
    ] = "sb"
    secret: Annotated[
        str, Meta(description="Name of the secret in Vantiq with the password.", pattern=_SECRET_NAME)
    ] = "MskPassword"  # noqa: S105 - a name
    secret_holds: Annotated[
        SecretHolds,
        Meta(
            description="What that secret holds: password, escaped for JAAS and put in place within sasl.jaas.config, "
            "or login, the whole of sasl.jaas.config."
        ),
    ] = "password"  # noqa: S105 - a word
    inline_password: Annotated[
        bool,
        Meta(description="Write the password itself into the configuration, where all of the namespace can read it."),
    ] = False
    content_type: Annotated[ContentType | None, Meta(description="contentType; Vantiq's own default without it.")] = (
        None
    )
    group_id: Annotated[str | None, Meta(description="group.id; without it <namespace>:<source name>.")] = None
    properties: Annotated[
        dict[str, str | int | float | bool],
        Meta(description="More properties of Kafka's client, plain or as consumer.* and producer.*; written as text."),
    ] = {}


def source_configuration(login: Login, options: SourceOptions) -> dict[str, Any]:
    """The configuration, in the order of the walk-through's.

    The password is a reference to Vantiq's secret, unless it is to be in the configuration itself.
    """
    return {
        "bootstrap.servers": _brokers(login.brokers, options.scheme),
        **_security(login, options),
        **_consumption(options),
        **{name: _as_text(value) for name, value in options.properties.items()},
    }


def _security(login: Login, options: SourceOptions) -> dict[str, str]:
    security: dict[str, str] = {}
    if login.mechanism:
        security |= {"sasl.jaas.config": _jaas(login, options), "sasl.mechanism": login.mechanism}
    if login.mode != "none":
        security["security.protocol"] = login.protocol
    if login.trusts_private_ca:
        security |= {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": login.trusted_ca}
    return security


def _consumption(options: SourceOptions) -> dict[str, Any]:
    """What was chosen; Vantiq's own defaults apply to the rest."""
    choices = {
        "consumer.topics": list(options.topics),
        "contentType": options.content_type,
        "group.id": options.group_id,
    }
    return {name: value for name, value in choices.items() if value}


def secret_value(username: str, password: str, holds: SecretHolds) -> str:
    """What Vantiq's secret must hold, so that the configuration is right once it is filled in."""
    if holds == "login":
        return jaas_login(username, jaas_quoted(password))
    return jaas_quoted(password)[1:-1]


def source_findings(login: Login, options: SourceOptions) -> list[Finding]:
    """What a person should know about the source that was asked for."""
    findings = []
    if not options.topics:
        findings.append(
            Finding("note", "source", "no topics are named: the source only publishes, and receives nothing")
        )
    faults = property_faults(login, options)
    overridable = _WRITTEN_HERE
    if faults:
        # They are refused, not overridden.
        overridable -= _GUARDS_THE_PASSWORD
    return [*findings, *faults, *_override_findings(options, overridable), *_security_findings(login, options)]


def _override_findings(options: SourceOptions, overridable: Set[str]) -> Iterator[Finding]:
    replaced = sorted(overridable & options.properties.keys())
    if replaced:
        text = f"properties override what the toolkit sets itself: {', '.join(replaced)}"
        yield Finding("warning", "source", text)


def _security_findings(login: Login, options: SourceOptions) -> Iterator[Finding]:
    if login.mode == "none":
        text = "records travel to Vantiq unencrypted, and anyone on the network path can read them"
        yield Finding("warning", "source", text)
    if options.inline_password and login.mechanism:
        text = "the password is in the configuration, where everyone in the namespace can read it"
        yield Finding("warning", "source", text)
    if login.trusts_private_ca:
        text = "contains certificates of a private authority, which Kafka clients read from version 2.7 on"
        yield Finding("note", "source", text)


def property_faults(login: Login, options: SourceOptions) -> list[Finding]:
    """Properties that would send the password in the clear, or to another host; a source with one is not registered."""
    if not login.mechanism:
        return []
    texts = [_property_fault(name, value) for name, value in options.properties.items()]
    return [Finding("error", "source", text) for text in texts if text]


def _property_fault(name: str, value: object) -> str | None:
    plain = _without_direction(name)
    if plain in _GUARDS_THE_PASSWORD:
        return f"{name} decides where the password goes and who can read it, so properties may not set it"
    if plain == _HOST_CHECK and str(value).lower() != "https":
        return f"{name} must stay https: without that check the password could go to any host that answers"
    return None


def publishes_json(config: Mapping[str, Any]) -> bool:
    """Whether only a JSON object may be published through a source of this configuration.

    An explicit serializer counts before ``contentType``, and one for the producer alone before both directions' own.
    """
    serializer = config.get("producer.value.serializer") or config.get("value.serializer")
    if serializer:
        return "JsonObject" in str(serializer)
    return (config.get("producer.contentType") or config.get("contentType")) == "application/json"


def shown_value(name: str, value: Any) -> str:
    """A property of any source as it may be shown: its value only where it can't be a secret."""
    if value is None:
        return "nothing"
    if _is_harmless(name) and _is_plain(value):
        return msgspec.json.encode(value).decode()
    return "<hidden>"


def _is_harmless(name: str) -> bool:
    return name in _HARMLESS or _without_direction(name) in _HARMLESS


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain_text, value))
    return _is_plain_text(value)


def _is_plain_text(value: Any) -> bool:
    return isinstance(value, str) and _PLAIN.fullmatch(value) is not None


def _without_direction(name: str) -> str:
    return name.removeprefix("consumer.").removeprefix("producer.")


def _jaas(login: Login, options: SourceOptions) -> str:
    if options.inline_password:
        return login.jaas
    reference = f"@secrets({options.secret})"
    if options.secret_holds == "login":  # noqa: S105 - a word
        return reference
    return jaas_login(login.username, f'"{reference}"')


def _brokers(brokers: str, scheme: Literal["sb", "bare"]) -> str:
    addresses = [address.strip() for address in brokers.split(",") if address.strip()]
    if scheme == "sb":
        addresses = [_SCHEME + address for address in addresses]
    return ",".join(addresses)


def _as_text(value: str | float | bool) -> str:
    """Vantiq's source refuses numbers: Kafka's configuration is text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
