"""Topics' configuration on the cluster: read it with its origin, change single keys of it."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from kafka.protocol.admin import AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import BrokerError
from msk_toolkit.kafka.connection import BrokerConnection, reading
from msk_toolkit.kafka.error_codes import broker_error
from msk_toolkit.stage import Stage

_TOPIC = 2
_BROKER = 4
_SET, _DELETE = 0, 1
# Kafka's numbers of where a value comes from; all others are the broker's (dynamic, dynamic default, static).
_SET_ON_THE_TOPIC = 1
_BUILT_IN = 5

ConfigSource = Literal["topic", "broker", "default"]
_SOURCES: Mapping[int, ConfigSource] = {_SET_ON_THE_TOPIC: "topic", _BUILT_IN: "default"}


class TopicConfig(NamedTuple):
    """A configuration value in force.

    ``source`` is where it comes from; ``inherited`` what would apply without the topic's own value, None if it was not
    requested or the broker does not say; ``writable`` is False where the broker does not show the value, or does not
    let it be set.
    """

    value: str
    source: ConfigSource
    inherited: str | None
    writable: bool = True


def topic_configs(
    connection: BrokerConnection,
    names: Sequence[str],
    deadline: Deadline,
    keys: Mapping[str, Sequence[str]] | None = None,
    keep: Container[str] | None = None,
    *,
    inherited: bool = False,
) -> tuple[dict[str, dict[str, TopicConfig]], dict[str, BrokerError]]:
    """The configuration of each topic in one request, and the errors, by name.

    Args:
        connection: with any broker.
        names: the topics.
        deadline: for the response.
        keys: request only these keys, by topic.
        keep: of the inherited keys return only these; what is set on a topic is returned in any case.
        inherited: also request what applies without a topic's own value; that doubles the response.

    Raises:
        StageError: under ``metadata``.
    """
    if not names:
        return {}, {}
    resources = [_described(name, keys) for name in names]
    request = DescribeConfigsRequest(resources=resources, include_synonyms=inherited)
    answer = connection.send(request, Stage.METADATA, deadline)
    configs: dict[str, dict[str, TopicConfig]] = {}
    errors: dict[str, BrokerError] = {}
    with reading(connection, "DescribeConfigs", Stage.METADATA):
        for name, result in _results(answer, names).items():
            if result.error_code:
                errors[name] = broker_error(f"DescribeConfigs of {name}", result.error_code, result.error_message)
            else:
                configs[name] = _settings(result.configs, keep)
    return configs, errors


def _results(answer: Any, names: Iterable[str]) -> dict[str, Any]:
    by_name = {result.resource_name: result for result in answer.results}
    return {name: by_name[name] for name in names}


def _described(name: str, keys: Mapping[str, Sequence[str]] | None) -> Any:
    configuration_keys = None if keys is None else list(keys[name])
    return DescribeConfigsRequest.DescribeConfigsResource(
        resource_type=_TOPIC, resource_name=name, configuration_keys=configuration_keys
    )


def _settings(entries: Iterable[Any], keep: Container[str] | None) -> dict[str, TopicConfig]:
    return {
        entry.name: _setting(entry)
        for entry in entries
        if keep is None or entry.config_source == _SET_ON_THE_TOPIC or entry.name in keep
    }


def broker_config(connection: BrokerConnection, broker: int, key: str, deadline: Deadline) -> str | None:
    """A value of the broker's own configuration; None where the user may not see it.

    Raises:
        StageError: under ``metadata``.
    """
    resource = DescribeConfigsRequest.DescribeConfigsResource(
        resource_type=_BROKER, resource_name=str(broker), configuration_keys=[key]
    )
    answer = connection.send(
        DescribeConfigsRequest(resources=[resource], include_synonyms=False), Stage.METADATA, deadline
    )
    with reading(connection, "DescribeConfigs", Stage.METADATA):
        result = answer.results[0]
        if result.error_code:
            return None
        return {entry.name: entry.value for entry in result.configs}.get(key)


def alter_topic_configs(
    controller: BrokerConnection,
    changes: Mapping[str, Mapping[str, str | None]],
    *,
    validate_only: bool,
    deadline: Deadline,
) -> dict[str, BrokerError]:
    """Set these keys of these topics and no others, or only have it checked; answers the errors, by name.

    None removes a key's own value, so that the cluster's default applies.

    Brokers before 2.3 can only replace a topic's whole configuration: there it is read again and carried over, so
    that keys which are not mentioned survive.

    Raises:
        StageError: under ``metadata``.
    """
    if controller.supports(IncrementalAlterConfigsRequest, Stage.METADATA, deadline):
        request = _incremental(changes, validate_only)
        answer = controller.send(request, Stage.METADATA, deadline)
        return _errors(controller, "IncrementalAlterConfigs", answer, changes)
    configs, errors = topic_configs(controller, sorted(changes), deadline)
    whole = {name: _merged(configs[name], keys) for name, keys in changes.items() if name in configs}
    if not whole:
        return errors
    answer = controller.send(_replacing(whole, validate_only), Stage.METADATA, deadline)
    return errors | _errors(controller, "AlterConfigs", answer, whole)


def _merged(own: Mapping[str, TopicConfig], changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**_kept(own), **changes}
    return {key: value for key, value in merged.items() if value is not None}


def _kept(own: Mapping[str, TopicConfig]) -> dict[str, str]:
    return {key: config.value for key, config in own.items() if config.source == "topic" and config.writable}


def _setting(entry: Any) -> TopicConfig:
    source = _SOURCES.get(entry.config_source, "broker")
    value = entry.value or ""
    inherited = _inherited(entry) if source == "topic" else value
    return TopicConfig(value, source, inherited, writable=not (entry.is_sensitive or entry.read_only))


def _inherited(entry: Any) -> str | None:
    # In the order in which they would apply; the topic's own comes first.
    below = (synonym.value for synonym in entry.synonyms or [] if synonym.source != _SET_ON_THE_TOPIC)
    return next(below, None)


def _incremental(changes: Mapping[str, Mapping[str, str | None]], validate_only: bool) -> Any:
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    return IncrementalAlterConfigsRequest(
        resources=[
            resource(
                resource_type=_TOPIC,
                resource_name=name,
                configs=[
                    resource.AlterableConfig(name=key, config_operation=_DELETE if value is None else _SET, value=value)
                    for key, value in keys.items()
                ],
            )
            for name, keys in changes.items()
        ],
        validate_only=validate_only,
    )


def _replacing(whole: Mapping[str, Mapping[str, str]], validate_only: bool) -> Any:
    resource = AlterConfigsRequest.AlterConfigsResource
    return AlterConfigsRequest(
        resources=[
            resource(
                resource_type=_TOPIC,
                resource_name=name,
                configs=[resource.AlterableConfig(name=key, value=value) for key, value in keys.items()],
            )
            for name, keys in whole.items()
        ],
        validate_only=validate_only,
    )


def _errors(controller: BrokerConnection, api: str, answer: Any, names: Collection[str]) -> dict[str, BrokerError]:
    with reading(controller, api, Stage.METADATA):
        by_name = {result.resource_name: result for result in answer.responses}
        # What is not in the response is not done.
        wrong = {name: by_name[name] for name in names if by_name[name].error_code}
    return {
        name: broker_error(f"{api} of {name}", result.error_code, result.error_message)
        for name, result in wrong.items()
    }
