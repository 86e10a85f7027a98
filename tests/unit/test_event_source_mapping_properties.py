"""Reading a mapping from resource properties."""

import math
from typing import Any

import msgspec
import pytest

from local.event_source_mapping.mapping import MappingError, StartingPosition, mapping_of
from local.event_source_mapping.stats import Stats, described

PROPERTIES: dict[str, Any] = {
    "FunctionName": "toolkit-forwarder",
    "EventSourceArn": "arn:aws:kafka:eu-central-1:000000000000:cluster/local/1",
    "Topics": ["orders"],
    "StartingPosition": "TRIM_HORIZON",
    "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "toolkit-orders"},
}


def test_takes_lambdas_defaults() -> None:
    mapping = mapping_of(PROPERTIES)
    assert (mapping.batch_size, mapping.batching_window_seconds, mapping.provisioned) == (100, 0.5, False)
    assert mapping.starting_position is StartingPosition.TRIM_HORIZON
    assert mapping.retries == mapping.record_age_seconds == math.inf


def test_reads_numbers_and_booleans_that_cloudformation_hands_on_as_text() -> None:
    mapping = mapping_of(
        PROPERTIES
        | {
            "BatchSize": "500",
            "MaximumBatchingWindowInSeconds": "0",
            "ProvisionedPollerConfig": {"MinimumPollers": "1", "MaximumPollers": "3"},
            "BisectBatchOnFunctionError": "true",
            "MaximumRetryAttempts": "3",
            "MaximumRecordAgeInSeconds": "60",
        }
    )
    assert (mapping.batch_size, mapping.batching_window_seconds) == (500, 0)
    assert mapping.provisioned
    assert mapping.bisect_batch_on_function_error
    assert (mapping.retries, mapping.record_age_seconds) == (3, 60)


def test_on_demand_has_no_retry_and_age_limits() -> None:
    mapping = mapping_of(PROPERTIES | {"MaximumRetryAttempts": 3, "MaximumRecordAgeInSeconds": 60})
    assert mapping.retries == mapping.record_age_seconds == math.inf


def self_managed(*access: dict[str, str]) -> dict[str, Any]:
    """The same mapping of a cluster outside MSK."""
    own = {"EventSourceArn", "AmazonManagedKafkaEventSourceConfig"}
    return {name: value for name, value in PROPERTIES.items() if name not in own} | {
        "SelfManagedEventSource": {"Endpoints": {"KafkaBootstrapServers": ["k-1:9093", "k-2:9093"]}},
        "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "group"},
        "SourceAccessConfigurations": list(access),
    }


def test_a_self_managed_mapping_has_brokers_its_group_and_the_secrets_of_its_login() -> None:
    mapping = mapping_of(
        self_managed(
            {"Type": "SASL_SCRAM_256_AUTH", "URI": "arn:login"},
            {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": "arn:ca"},
            {"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"},
            {"Type": "VPC_SECURITY_GROUP", "URI": "security_group:sg-1"},
        )
    )
    assert (mapping.event_source_arn, mapping.bootstrap_servers) == ("", ("k-1:9093", "k-2:9093"))
    assert mapping.consumer_group_id == "group"
    access = mapping.access
    assert (access.scram_secret_arn, access.mechanism, access.root_ca_arn) == ("arn:login", "SCRAM-SHA-256", "arn:ca")


@pytest.mark.parametrize(
    ("access", "named"),
    [
        ([{"Type": "VPC_SUBNET", "URI": "subnet-1"}], "VPC_SUBNET must begin with subnet:subnet-"),
        ([{"Type": "BASIC_AUTH", "URI": "arn"}], "BASIC_AUTH is not supported"),
        (
            [{"Type": "SASL_SCRAM_512_AUTH", "URI": "a"}, {"Type": "CLIENT_CERTIFICATE_TLS_AUTH", "URI": "b"}],
            "more than one login",
        ),
    ],
)
def test_names_the_access_that_lambda_would_not_take(access: list[dict[str, str]], named: str) -> None:
    with pytest.raises(MappingError, match=named):
        mapping_of(self_managed(*access))


@pytest.mark.parametrize("mode", [{}, {"ProvisionedPollerConfig": {}}])
def test_a_destination_turns_endless_retries_into_ten(mode: dict[str, Any]) -> None:
    destination = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::dead"}}}
    assert mapping_of(PROPERTIES | destination | mode).retries == 10


def test_finds_the_secret_of_scram() -> None:
    access = {"SourceAccessConfigurations": [{"Type": "SASL_SCRAM_512_AUTH", "URI": "arn:secret"}]}
    assert mapping_of(PROPERTIES | access).access.scram_secret_arn == "arn:secret"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"Topics": []}, "Topics"),
        ({"BatchSize": 0}, "BatchSize"),
        ({"BatchSize": 10_001}, "BatchSize"),
        ({"MaximumBatchingWindowInSeconds": 301}, "MaximumBatchingWindowInSeconds"),
        ({"MaximumRetryAttempts": -2}, "MaximumRetryAttempts"),
        ({"MaximumRecordAgeInSeconds": 59}, "MaximumRecordAgeInSeconds"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp"),
        ({"StartingPositionTimestamp": 1}, "StartingPositionTimestamp"),
        ({"StartingPosition": "EARLIEST"}, "StartingPosition"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "FilterCriteria"),
        ({"FilterCriteria": {"Filters": [{"Pattern": '{"key": ["a"]}'}]}}, "FilterCriteria.*nothing else is compared"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}] * 6}}, "FilterCriteria has more than 5 filters"),
        ({"DestinationConfig": {"OnFailure": {"Destination": "kafka://dead"}}}, "provisioned mode"),
        ({"DestinationConfig": {"OnFailure": {"Destination": "kafka://orders"}}}, "the topic that the mapping reads"),
        ({"DestinationConfig": {"OnFailure": {"Destination": "kafka://"}}}, "names no topic"),
        ({"DestinationConfig": {"OnFailure": {"Destination": "dead"}}}, "destination"),
        ({"SourceAccessConfigurations": [{"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": "a"}]}, "CERTIFICATE"),
        ({"SourceAccessConfigurations": [{"Type": "SASL_SCRAM_256_AUTH", "URI": "a"}]}, "SASL_SCRAM_256_AUTH"),
        ({"SelfManagedEventSource": {"Endpoints": {"KafkaBootstrapServers": ["k:1"]}}}, "one of EventSourceArn"),
        ({"AmazonManagedKafkaEventSourceConfig": {}}, "ConsumerGroupId"),
        ({"BatchSise": 100}, "BatchSise"),
    ],
)
def test_names_the_property_that_is_wrong(change: dict[str, Any], named: str) -> None:
    with pytest.raises(MappingError, match=named):
        mapping_of(PROPERTIES | change)


def test_names_every_wrong_property_at_once() -> None:
    with pytest.raises(MappingError, match=r"Topics.*BatchSize.*FilterCriteria"):
        mapping_of(PROPERTIES | {"Topics": [], "BatchSize": 0, "FilterCriteria": {"Filters": [{"Pattern": "[]"}]}})


def test_the_filters_are_those_of_the_criteria_and_are_described() -> None:
    pattern = '{"value": {"a": [1]}}'
    mapping = mapping_of(PROPERTIES | {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}})
    assert mapping.filters == (pattern,)
    assert msgspec.to_builtins(described(mapping, Stats()))["FilterCriteria"] == {"Filters": [{"Pattern": pattern}]}
    assert mapping_of(PROPERTIES | {"FilterCriteria": None}).filters == ()


def test_a_mapping_is_described_as_its_pollers_play_it() -> None:
    reports = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    provisioned = mapping_of(PROPERTIES | reports | {"ProvisionedPollerConfig": {"MinimumPollers": "1"}})
    shown = msgspec.to_builtins(described(provisioned, Stats()))
    assert shown["FunctionResponseTypes"] == ("ReportBatchItemFailures",)
    assert shown["ProvisionedPollerConfig"] == {"MinimumPollers": 1, "MaximumPollers": 200}
    on_demand = msgspec.to_builtins(described(mapping_of(PROPERTIES), Stats()))
    assert (on_demand["FunctionResponseTypes"], "ProvisionedPollerConfig" in on_demand) == ((), False)
