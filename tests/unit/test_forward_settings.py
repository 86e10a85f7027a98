"""The forwarder's settings."""

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.vantiq import VantiqAddress, parse_address

GOOD = {
    "VANTIQ_URL": "https://dev.vantiq.com",
    "VANTIQ_TOKEN_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:vantiq-token-AbCdEf",
    "VANTIQ_TARGET": "topic:/orders",
}


def test_three_variables_are_enough() -> None:
    settings = load(ForwarderSettings, GOOD)
    assert settings.vantiq_address == VantiqAddress(True, "dev.vantiq.com", 443)
    assert (settings.ordering, settings.poller_mode, settings.payload) == ("partition", "on-demand", "envelope")


def test_types_take_arrays_and_topics_single_records_unless_told_otherwise() -> None:
    settings = load(ForwarderSettings, GOOD)
    assert (settings.array_length("topic"), settings.sends_arrays("topic")) == (1, False)
    assert (settings.array_length("upsert"), settings.sends_arrays("upsert")) == (500, True)
    told = load(ForwarderSettings, GOOD | {"MAX_BATCH_RECORDS": "20"})
    assert (told.array_length("topic"), told.sends_arrays("topic")) == (20, True)
    one = load(ForwarderSettings, GOOD | {"MAX_BATCH_RECORDS": "1"})
    assert (one.array_length("type"), one.sends_arrays("type")) == (1, True)


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(ForwarderSettings, {"ORDERING": "topic", "MAX_IN_FLIGHT": "0", "VANTIQ_NAMESPACE": "a\r\nb"})
    said = str(caught.value)
    for name in ("VANTIQ_URL", "VANTIQ_TOKEN_SECRET_ARN", "ORDERING", "MAX_IN_FLIGHT", "VANTIQ_NAMESPACE"):
        assert name in said


def test_rules_across_fields_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(ForwarderSettings, GOOD | {"VANTIQ_URL": "http://dev.vantiq.com", "VANTIQ_TARGET": "x:y"})
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://dev.vantiq.com/", VantiqAddress(True, "dev.vantiq.com", 443)),
        ("https://edge:8443", VantiqAddress(True, "edge", 8443)),
        ("http://10.1.2.3:8080", VantiqAddress(False, "10.1.2.3", 8080)),
        ("http://127.0.0.1:80", VantiqAddress(False, "127.0.0.1", 80)),
        ("http://[::1]:8080", VantiqAddress(False, "::1", 8080)),
        ("http://localhost:8080", VantiqAddress(False, "localhost", 8080)),
        ("http://host.docker.internal:8080", VantiqAddress(False, "host.docker.internal", 8080)),
    ],
)
def test_an_address_is_parsed_with_its_defaults(url: str, address: VantiqAddress) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    ["dev.vantiq.com", "ftp://dev.vantiq.com", "http://dev.vantiq.com", "http://8.8.8.8", "http://10.0.0.1.evil.example",
     "https://user:hush@dev.vantiq.com", "https://dev.vantiq.com/api/v1", "https://dev.vantiq.com?token=hush",
     "https://dev.vantiq.com:port", "https://", "https://[::1"],
)  # fmt: skip
def test_other_addresses_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not|holds|must)") as caught:
        parse_address(url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "169.254.169.254", "192.0.2.1", "198.51.100.1", "198.18.0.1", "203.0.113.1", "240.0.0.1", "100.64.0.1",  # noqa: S104 - nothing is bound
     "172.32.0.1", "[fe80::1]", "[2001:db8::1]", "[::]", "[::ffff:8.8.8.8]", "[64:ff9b:1::1]"],
)  # fmt: skip
def test_plain_http_goes_to_private_networks_alone_and_to_no_other_reserved_address(host: str) -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        parse_address(f"http://{host}:8080")


@pytest.mark.parametrize(
    "host", ["10.255.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "127.8.8.8", "[fd00::1]"]
)
def test_plain_http_is_accepted_within_a_private_network(host: str) -> None:
    assert not parse_address(f"http://{host}:8080").tls


def test_the_host_header_names_a_port_only_where_it_must() -> None:
    assert parse_address("https://dev.vantiq.com").authority == "dev.vantiq.com"
    assert parse_address("https://dev.vantiq.com:8443").authority == "dev.vantiq.com:8443"
    assert parse_address("http://[::1]:8080").authority == "[::1]:8080"
