"""The texts of samconfig.toml and topics.yaml, with what is there already kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
import yaml
from tomlkit.exceptions import TOMLKitError

from mskv.init.proposals import Proposal

# The topics that the repository's own file declares as examples, beside the probes'.
_EXAMPLES = {"AWSKafkaTutorialTopic", "sensor-readings"}
_HEARTBEAT = "msk-toolkit-heartbeat"
# Parameters of a list are written as lists.
_LISTS = {"ForwardTopics", "SubnetIds", "LagGroups"}
_MOST_REPLICAS = 3


class _Template(yaml.SafeLoader):
    """Reads a template, whose short forms of functions (!Ref) are of no interest here."""


_Template.add_multi_constructor("!", lambda *_: None)


def template_parameters(text: str) -> dict[str, Mapping[str, Any]]:
    """The parameters of a template, by name.

    Raises:
        ValueError: it is not a template.
    """
    try:
        return dict(yaml.load(text, _Template)["Parameters"])  # noqa: S506 - a safe loader
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"template.yaml can't be read: {error}") from error


def configured_parameters(text: str, environment: str) -> dict[str, str]:
    """The parameters that a samconfig.toml has for this environment in SAM's table form; none in its other forms.

    Raises:
        ValueError: it is not TOML, or has the parameters as text, which is not taken apart here.
    """
    overrides = _parameters(_parsed(text), environment).get("parameter_overrides", {})
    if not hasattr(overrides, "items"):
        raise ValueError(
            f"samconfig.toml has the parameter_overrides of {environment} as text: write them as a table, or choose "
            "another environment with --config-env"
        )
    return {name: _as_text(value) for name, value in overrides.items()}


def samconfig(text: str, environment: str, stack: str, region: str, proposals: Sequence[Proposal]) -> str:
    """A samconfig.toml with these parameters; comments and everything else stay as they are."""
    document = _parsed(text)
    if "version" not in document:
        document["version"] = 0.1
    sections = document.setdefault(environment, tomlkit.table())
    common = sections.setdefault("global", tomlkit.table()).setdefault("parameters", tomlkit.table())
    common.setdefault("stack_name", stack)
    # The template has one event source mapping for each topic: Fn::ForEach.
    common.setdefault("language_extensions", True)
    deploy = sections.setdefault("deploy", tomlkit.table()).setdefault("parameters", tomlkit.table())
    deploy.setdefault("capabilities", "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND")
    deploy.setdefault("confirm_changeset", True)
    deploy.setdefault("resolve_s3", True)
    deploy["region"] = region
    overrides = tomlkit.table()
    for proposal in proposals:
        value = overrides.setdefault(proposal.parameter, _as_toml(proposal))
        value.comment(proposal.reason)
    overrides.add(tomlkit.nl())
    deploy["parameter_overrides"] = overrides
    return tomlkit.dumps(document)


def topics_file(text: str, brokers: int) -> str | None:
    """A topics.yaml with the probes' topic for so many brokers; None where the file declares topics of the user's own.

    Args:
        text: the file that is there.
        brokers: 0 where their number is unknown.
    """
    declared = {topic["name"] for topic in (yaml.safe_load(text) or {}).get("topics", [])} if text else set()
    if declared - _EXAMPLES - {_HEARTBEAT}:
        return None
    count = brokers or _MOST_REPLICAS
    replicas = min(count, _MOST_REPLICAS)
    return (
        "# yaml-language-server: $schema=docs/schemas/topics.schema.json\n"
        "# The topics that a deployment creates and updates to match this file: see docs/topics.md. Topics that are\n"
        "# not declared are left alone, and can be forwarded.\n"
        "defaults:\n"
        f"  replication_factor: {replicas}\n"
        "  config:\n"
        f"    min.insync.replicas: {max(1, replicas - 1)}\n\n"
        "topics:\n"
        f"  - name: {_HEARTBEAT}\n"
        f"    description: The probes' records; needs at least one partition per broker.\n"
        f"    partitions: {count}\n"
        "    config:\n"
        "      retention.ms: 4h\n"
        "      # Kafka deletes whole segments: without this, records would stay for a week.\n"
        "      segment.ms: 1h\n"
    )


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ValueError(f"samconfig.toml can't be read: {error}") from error


def _parameters(document: Mapping[str, Any], environment: str) -> Mapping[str, Any]:
    section: Any = document
    for name in (environment, "deploy", "parameters"):
        section = section.get(name, {})
    return dict(section)


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    return str(value)


def _as_toml(proposal: Proposal) -> Any:
    if proposal.parameter in _LISTS:
        return tomlkit.item([part.strip() for part in proposal.value.split(",")])
    return tomlkit.item(proposal.value)
