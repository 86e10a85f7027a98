"""Where in Vantiq the forwarder sends records, so that connect can look at it and prepare it."""

from collections.abc import Sequence

from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.names import split_names
from msk_toolkit.settings.targets import Routes, Target, parse_routes, parse_target


def targets_of_topics(settings: ConnectSettings, topics: Sequence[str], findings: list[Finding]) -> list[Target]:
    """The forwarder's targets for these Kafka topics; what is wrong with them becomes findings."""
    if not settings.vantiq_target and not settings.vantiq_routes:
        return []
    try:
        routes = parse_routes(settings.vantiq_target, settings.vantiq_routes)
    except ExceptionGroup as group:
        findings += [Finding("error", "VANTIQ_TARGET", str(problem)) for problem in group.exceptions]
        return []
    return _routed_targets(routes, topics, findings)


def _routed_targets(routes: Routes, topics: Sequence[str], findings: list[Finding]) -> list[Target]:
    if not topics:
        return _default_target(routes)
    targets: dict[Target, None] = {}
    for topic in topics:
        try:
            targets[routes.target_for(topic)] = None
        except ValueError as error:
            findings.append(Finding("error", "VANTIQ_TARGET", str(error)))
    return list(targets)


def _default_target(routes: Routes) -> list[Target]:
    if routes.default is None or routes.default.is_template:
        return []
    return [routes.default]


def targets_of_forwarder(settings: ConnectSettings, topics: Sequence[str], findings: list[Finding]) -> list[Target]:
    """Those of all topics that the stack forwards, of these ones, and of the heartbeats."""
    forwarded = split_names(settings.forward_topics)
    targets = targets_of_topics(settings, list(dict.fromkeys([*topics, *forwarded])), findings)
    if settings.heartbeat_target:
        try:
            targets.append(parse_target(settings.heartbeat_target))
        except ValueError as error:
            findings.append(Finding("error", "HEARTBEAT_TARGET", str(error)))
    return list(dict.fromkeys(targets))
