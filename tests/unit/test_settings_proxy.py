"""The settings of a proxy on the path to Vantiq."""

from typing import Any

import pytest
from msk_toolkit.settings.proxy import ProxyAddress, is_exempt, parse_proxy, proxy_of
from msk_toolkit.settings.vantiq import VantiqSettings, parse_address


def settings(**values: str) -> VantiqSettings:
    given: dict[str, Any] = {"vantiq_url": "https://dev.vantiq.com", "vantiq_proxy": "http://proxy:3128"}
    return VantiqSettings(vantiq_token_secret_arn="s", **given | values)


GOOD = [("http://proxy:3128", ProxyAddress("proxy", 3128)), ("http://10.0.0.1:80/", ProxyAddress("10.0.0.1", 80))]


@pytest.mark.parametrize(("url", "proxy"), GOOD)
def test_a_proxy_is_a_host_and_a_port(url: str, proxy: ProxyAddress) -> None:
    assert parse_proxy(url) == proxy


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://u:hush@proxy:3128", "must hold no credentials"),
        ("http://hush@proxy:3128", "must hold no credentials"),
        ("https://proxy:3128", "TLS to the proxy itself is not supported"),
        ("socks5://proxy:1080", "is not a URL such as"),
        ("proxy:3128", "is not a URL such as"),
        ("http://proxy", "is not a URL with a port"),
        ("http://proxy:0", "is not a URL with a port"),
        ("http://proxy:99999", "is not a URL such as"),
        ("http://pröxy:3128", "is not a URL with a port"),
        ("http://proxy:3128/path", "must hold host and port only"),
    ],
)
def test_any_other_url_is_refused_without_being_quoted(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        parse_proxy(url)
    assert "hush" not in str(caught.value)


EXCEPTIONS = [
    ("https://dev.vantiq.com", "", False),
    ("https://dev.vantiq.com", "*", True),
    ("https://dev.vantiq.com", "dev.vantiq.com", True),
    ("https://dev.vantiq.com", "other.com, VANTIQ.com", True),
    ("https://dev.vantiq.com", ".vantiq.com", True),
    ("https://dev.vantiq.com", "*.vantiq.com", True),
    ("https://dev.vantiq.com", "antiq.com", False),
    ("https://vantiq.com", ".vantiq.com", True),
    ("https://dev.vantiq.com", "vantiq.com:8443", False),
    ("https://dev.vantiq.com:8443", "vantiq.com:8443", True),
    ("https://10.1.2.3", "10.0.0.0/8", True),
    ("https://10.1.2.3", "10.1.2.3:443", True),
    ("https://11.1.2.3", "10.0.0.0/8,172.16.0.0/12", False),
    ("https://dev.vantiq.com", "0.0.0.0/0", False),
    ("https://[fd00::1]", "fd00::/8", True),
    ("https://[fd00::1]", "[fd00::1]:443", True),
    ("https://[fd00::1]", "10.0.0.0/8", False),
]


@pytest.mark.parametrize(("url", "no_proxy", "exempt"), EXCEPTIONS)
def test_exceptions_are_read_as_usual(url: str, no_proxy: str, exempt: bool) -> None:
    assert is_exempt(parse_address(url), no_proxy) is exempt
    configured = settings(vantiq_url=url, vantiq_no_proxy=no_proxy)
    assert configured.problems() == []
    assert (proxy_of(configured) is None) is exempt


PROBLEMS: list[tuple[dict[str, str], list[str]]] = [
    ({"vantiq_proxy": ""}, []),
    (
        {"vantiq_proxy": "", "vantiq_proxy_secret_arn": "a", "vantiq_no_proxy": "b"},
        ["VANTIQ_PROXY_SECRET_ARN needs", "VANTIQ_NO_PROXY needs"],
    ),
    (
        {"vantiq_proxy": "http://proxy", "vantiq_no_proxy": "a b"},
        ["VANTIQ_PROXY is not a URL with a port", "VANTIQ_NO_PROXY must list"],
    ),
    ({"vantiq_no_proxy": "*,://"}, ["VANTIQ_NO_PROXY must list"]),
    ({"vantiq_url": "http://10.0.0.1:8080"}, ["VANTIQ_PROXY needs an https VANTIQ_URL"]),
    ({"vantiq_url": "http://10.0.0.1:8080", "vantiq_no_proxy": "10.0.0.0/8"}, []),
]


@pytest.mark.parametrize(("values", "problems"), PROBLEMS)
def test_contradictions_of_a_proxy_are_told_all_at_once(values: dict[str, str], problems: list[str]) -> None:
    told = settings(**values).problems()
    assert len(told) == len(problems)
    assert all(text.startswith(problem) for text, problem in zip(told, problems, strict=True))
