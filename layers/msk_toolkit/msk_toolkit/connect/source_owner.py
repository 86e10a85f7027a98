"""Whether a Kafka source of Vantiq may be updated without being named: whether it is the toolkit's, of this cluster.

A source has no property that could say who created it (source reference, release 1.44). A secret has a description, so
a source is the toolkit's if its login refers to a secret that the toolkit created.
"""

import re
from collections.abc import Mapping
from typing import Any

# In the description of what the toolkit has created, so that it recognizes it later.
MADE_HERE = "Made by connect of the MSK-Vantiq toolkit"


def foreign_reason(before: Mapping[str, Any], config: Mapping[str, Any], own_secret: str | None) -> str:
    """Why a source is someone else's; empty where it is the toolkit's.

    Args:
        before: its configuration as it is.
        config: the configuration that is to replace it.
        own_secret: name of the secret in question, if the toolkit created it.
    """
    if not _same_cluster(before, config):
        return "is a source of another cluster (its bootstrap.servers)"
    login = before.get("sasl.jaas.config")
    if own_secret and isinstance(login, str) and f"@secrets({own_secret})" in login:
        return ""
    return "was not recognizably created by the toolkit (its login does not refer to a secret that the toolkit created)"


def _same_cluster(config: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    # Brokers of one domain, or at one address.
    return bool(_clusters(config.get("bootstrap.servers")) & _clusters(other.get("bootstrap.servers")))


def _clusters(brokers: object) -> set[str]:
    """The domains of named brokers (``b-1.shop.example`` and ``b-1-public.shop.example`` are one), or their hosts."""
    if not isinstance(brokers, str):
        return set()
    addresses = [part.strip() for part in brokers.split(",")]
    return {_cluster(_host(address)) for address in addresses if address}


def _host(address: str) -> str:
    bare = address.removeprefix("sb://")
    return bare.rpartition(":")[0] or bare


def _cluster(host: str) -> str:
    is_named = re.search("[A-Za-z]", host)
    if is_named:
        return host.partition(".")[2] or host
    return host
