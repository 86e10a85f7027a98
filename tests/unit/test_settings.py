"""Environment variables -> settings, and the rules across them."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta
from msk_toolkit.connect.request import ConnectRequest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load, read_event
from msk_toolkit.settings.probes import ConsumerProbeSettings
from msk_toolkit.settings.topics import TopicsSettings

SCRAM = {"CLUSTER_ARN": "arn:aws:kafka:x", "SCRAM_SECRET_ARN": "arn:aws:secretsmanager:x"}


def problems(model: type[msgspec.Struct], environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(model, environ)
    return caught.value.problems


class Needed(msgspec.Struct):
    place: str
    count: Annotated[int, Meta(ge=1)]
    note: str = "none"


def test_the_two_variables_of_a_scram_cluster_are_enough() -> None:
    settings = load(TopicsSettings, SCRAM)
    assert (settings.auth_mode, settings.stage_timeout_seconds, settings.topics_file) == ("scram", 5.0, "topics.yaml")


def test_under_sam_local_invoke_what_is_missing_comes_with_the_option_that_brings_it() -> None:
    hint = "sam local invoke fills in none of the stack's values: add --env-vars env.local.json (docs/local.md)"
    missing = {"CLUSTER_ARN": "arn:aws:kafka:x"}
    assert hint in problems(TopicsSettings, missing | {"AWS_SAM_LOCAL": "true"})
    assert hint in problems(Needed, {"AWS_SAM_LOCAL": "true"})
    assert hint not in problems(TopicsSettings, missing)
    assert hint not in problems(TopicsSettings, SCRAM | {"AUTH_MODE": "kerberos", "AWS_SAM_LOCAL": "true"})


def test_every_wrong_variable_is_reported_at_once() -> None:
    environ = SCRAM | {
        "AUTH_MODE": "kerberos",
        "BOOTSTRAP_SERVERS": "no-port",
        "STAGE_TIMEOUT_SECONDS": "soon",
        "MAX_RECORDS": "0",
        "PROBE_TOPIC": "a b",
    }
    found = problems(ConsumerProbeSettings, environ)
    assert [problem.partition(":")[0] for problem in found] == [
        "BOOTSTRAP_SERVERS",
        "AUTH_MODE",
        "STAGE_TIMEOUT_SECONDS",
        "PROBE_TOPIC",
        "MAX_RECORDS",
    ]
    assert "AUTH_MODE: must be one of scram, scram256, iam, mtls, tls, none" in found


def test_an_empty_or_blank_variable_counts_as_absent() -> None:
    assert problems(Needed, {"PLACE": "", "COUNT": "  "}) == ["PLACE is missing", "COUNT is missing"]
    assert load(Needed, {"PLACE": "a", "COUNT": "2", "NOTE": ""}) == Needed("a", 2, "none")
    assert load(ClusterSettings, SCRAM | {"AUTH_MODE": ""}).auth_mode == "scram"


@pytest.mark.parametrize(
    "variable", ["AUTH_MODE", "BOOTSTRAP_SERVERS", "STAGE_TIMEOUT_SECONDS", "MAX_RECORDS", "PROBE_TOPIC"]
)
def test_what_somebody_pasted_there_is_never_quoted(variable: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(ConsumerProbeSettings, SCRAM | {variable: "hunter2 !"})
    assert variable in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"SCRAM_SECRET_ARN": "s"}, "set CLUSTER_ARN or BOOTSTRAP_SERVERS"),
        ({"CLUSTER_ARN": "c"}, "SCRAM_SECRET_ARN is missing (AUTH_MODE is scram)"),
        (
            {"CLUSTER_ARN": "c", "AUTH_MODE": "none", "TRUSTED_CA": "pem"},
            "TRUSTED_CA has no effect with AUTH_MODE none, which is plaintext: remove it",
        ),
        (SCRAM | {"BOOTSTRAP_SERVERS": "a:1,b:65536"}, "BOOTSTRAP_SERVERS: a port must be from 1 to 65535"),
        (SCRAM | {"BOOTSTRAP_SERVERS": "a:0"}, "BOOTSTRAP_SERVERS: a port must be from 1 to 65535"),
    ],
)
def test_a_rule_across_the_variables_names_what_breaks_it(environ: dict[str, str], problem: str) -> None:
    assert problems(ClusterSettings, environ) == [problem]


def test_all_broken_rules_are_reported_at_once() -> None:
    assert len(problems(ClusterSettings, {})) == 2


@pytest.mark.parametrize("mode", ["iam", "tls", "none"])
def test_only_scram_needs_a_secret(mode: str) -> None:
    assert load(ClusterSettings, {"CLUSTER_ARN": "c", "AUTH_MODE": mode}).auth_mode == mode


@pytest.mark.parametrize("text", ["a:1", "a:1,b:65535", "b-1.x.com:9096, b-2.x.com:9096"])
def test_brokers_are_host_and_port(text: str) -> None:
    assert load(ClusterSettings, SCRAM | {"BOOTSTRAP_SERVERS": text}).bootstrap_servers == text


@pytest.mark.parametrize("text", ["a", "a:", ":1", "a:1,", "a:1;b:2", "a:x", "a:123456", "sasl://a:1"])
def test_anything_else_is_no_list_of_brokers(text: str) -> None:
    assert "BOOTSTRAP_SERVERS" in problems(ClusterSettings, SCRAM | {"BOOTSTRAP_SERVERS": text})[0]


def event_problems(event: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_event(event, ConnectRequest, '{"action": "describe"}')
    return caught.value.problems


def test_all_mistakes_of_an_event_are_reported_at_once_each_with_its_place() -> None:
    source = {"name": "a b", "scheme": "http", "topic": "t"}
    found = event_problems({"actoin": "plan", "auth_mode": 1, "network": "vpcs", "source": source})
    assert found == [
        "actoin is not known; known are action, cluster, auth_mode, network, include, source, renew_secret, "
        "targets_only, replace, test",
        "auth_mode: expected `str | null`, got `int`",
        "network: must be one of vpc, public, multi-vpc, ipv6",
        "source.topic is not known; known are name, topics, scheme, secret, secret_holds, inline_password, "
        "content_type, group_id, properties",
        "source.name: expected `str` matching regex '^[A-Za-z_][A-Za-z0-9_]*(\\\\.[A-Za-z_][A-Za-z0-9_]*)*$(?!\\\\n)'",
        "source.scheme: must be one of sb, bare",
    ]


@pytest.mark.parametrize("event", [None, [], "plan", 1])
def test_an_event_that_is_no_object_is_shown_one(event: object) -> None:
    assert event_problems(event) == ['must be an object such as {"action": "describe"}']


def test_settings_are_made_again_only_when_one_of_their_variables_changes() -> None:
    environ = {"VANTIQ_URL": "https://v", "VANTIQ_TOKEN_SECRET_ARN": "s", "VANTIQ_TARGET": "topic:/a"}
    first = load(ForwarderSettings, environ)
    assert load(ForwarderSettings, environ | {"OTHER": "1"}) is first
    for change in ({"VANTIQ_TARGET": "topic:/b"}, {"ADVANCED_SETTINGS": '{"MAX_IN_FLIGHT": 3}'}):
        changed = load(ForwarderSettings, environ | change)
        assert changed != first
        assert load(ForwarderSettings, environ) == first
    with pytest.raises(ConfigurationError):
        load(ForwarderSettings, {})
    with pytest.raises(ConfigurationError):
        load(ForwarderSettings, {})
