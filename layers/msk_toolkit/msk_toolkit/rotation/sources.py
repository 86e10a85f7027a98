"""Which Kafka sources of Vantiq log in with the toolkit's pair, and what of them a new pair changes.

A source is the toolkit's as connect recognizes it (:mod:`msk_toolkit.connect.source_owner`): its brokers are the
cluster's, and its login refers to a secret of Vantiq's that connect has made. One with the password in its
configuration is recognized by a pair that the toolkit's secret holds, or held before.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from msk_toolkit.connect.escaping import jaas_quoted
from msk_toolkit.connect.login import jaas_login
from msk_toolkit.connect.source_owner import foreign_reason
from msk_toolkit.connect.vantiq_source import SecretHolds, secret_value
from msk_toolkit.msk.credentials import ScramCredentials

_LOGIN = "sasl.jaas.config"
_REFERENCE = re.compile(r"@secrets\(([^)]+)\)")


class StoredSecret(msgspec.Struct, frozen=True):
    """A secret of Vantiq's with the text that it is to hold; never printed."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"StoredSecret({self.name})"

    __str__ = __repr__


class SourceRenewal(msgspec.Struct, frozen=True):
    """A source that is to log in with the new pair; never printed but for its name.

    ``config`` is the whole of it, None where it stays as it is. Only an ``active`` source is restarted.
    """

    name: str
    active: bool
    secret: StoredSecret | None = None
    config: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"SourceRenewal({self.name})"

    __str__ = __repr__


def referred_secrets(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of Vantiq's secrets in the logins of these sources, each once."""
    names = [_reference(source) for source in sources]
    return list(dict.fromkeys(name for name in names if name))


def plan_renewals(
    sources: Sequence[Mapping[str, Any]],
    own_secrets: Collection[str],
    brokers: str,
    new: ScramCredentials,
    former: Collection[ScramCredentials],
) -> list[SourceRenewal]:
    """What a new pair changes in the sources that are the toolkit's; others are left alone.

    Args:
        sources: as Vantiq has them.
        own_secrets: names of the secrets in Vantiq that connect has made.
        brokers: the cluster's, as ``host:port,host:port``.
        former: pairs that the toolkit's secret held before.
    """
    config = {"bootstrap.servers": brokers}
    renewals = [_renewal(source, own_secrets, config, new, former) for source in sources]
    return [renewal for renewal in renewals if renewal is not None]


def _renewal(
    source: Mapping[str, Any],
    own_secrets: Collection[str],
    cluster: Mapping[str, Any],
    new: ScramCredentials,
    former: Collection[ScramCredentials],
) -> SourceRenewal | None:
    before = source.get("config")
    if not isinstance(before, Mapping):
        return None
    name, active = str(source.get("name")), source.get("active") is True
    secret = _reference(source)
    if secret in own_secrets and not foreign_reason(before, cluster, secret):
        return _with_secret(SourceRenewal(name, active), before, secret, new)
    inline = {_inline(pair) for pair in former}
    if before.get(_LOGIN) in inline - {_inline(new)}:
        return SourceRenewal(name, active, config={**before, _LOGIN: _inline(new)})
    return None


def _with_secret(
    renewal: SourceRenewal, before: Mapping[str, Any], secret: str, new: ScramCredentials
) -> SourceRenewal:
    reference = f"@secrets({secret})"
    holds: SecretHolds = "password"
    login = jaas_login(new.username, f'"{reference}"')
    if before[_LOGIN] == reference:
        holds, login = "login", reference
    stored = StoredSecret(secret, secret_value(new.username, new.password, holds))
    config = None
    if before[_LOGIN] != login:
        config = {**before, _LOGIN: login}
    return msgspec.structs.replace(renewal, secret=stored, config=config)


def _inline(pair: ScramCredentials) -> str:
    return jaas_login(pair.username, jaas_quoted(pair.password))


def _reference(source: Mapping[str, Any]) -> str:
    config = source.get("config")
    login = config.get(_LOGIN) if isinstance(config, Mapping) else None
    matched = _REFERENCE.search(login) if isinstance(login, str) else None
    return matched.group(1) if matched else ""
