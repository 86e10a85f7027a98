"""What a stand-in is started with."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from local.vantiq.results import ArrayResults


class StandInSettings(NamedTuple):
    """Settings of one stand-in; every one has a default.

    Args:
        hosts: addresses to listen on, with the same port on each.
        port: 0 takes a free one.
        token: the valid long-lived token; ``token_file`` gets every later one.
        users: passwords by user, for Basic authentication.
        cert: PEM file; HTTPS with it and ``key``, else HTTP.
        journal: file for accepted events, continued where it exists.
        namespaces: the first is the token's own.
        closed_namespaces: exist and answer 403.
        not_found_status: status of an instance that does not exist, 400 or 404.
        seed: of faults with a probability.
        kafka: Kafka's jars and the home of the Java runtime for them; without them sources are kept and do nothing.
    """

    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 0
    token: str = "stand-in-token"  # noqa: S105 - a made-up server's made-up token
    users: Mapping[str, str] = {}
    cert: Path | None = None
    key: Path | None = None
    journal: Path | None = None
    namespaces: tuple[str, ...] = ("local", "other")
    closed_namespaces: tuple[str, ...] = ("closed",)
    not_found_status: int = 400
    seed: int = 0
    token_file: Path | None = None
    kafka: tuple[Path, Path] | None = None
    array_results: ArrayResults = "rows"
