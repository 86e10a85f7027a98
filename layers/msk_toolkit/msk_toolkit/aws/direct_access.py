"""Whether a service can be asked without boto3, and where: its endpoint, Region and credentials in the environment.

Importing boto3 and making a client takes most of a cold start. In a Lambda function all that a request needs is in a
few environment variables. Whatever else boto3 would respect (FIPS and dual-stack endpoints, proxies, a configuration
file, a private CA, Regions of other partitions) is left to boto3.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

# The name in AWS_ENDPOINT_URL_<name>, by the service's endpoint prefix.
_SERVICES = {"secretsmanager": "SECRETS_MANAGER", "kafka": "KAFKA", "lambda": "LAMBDA"}
# The partitions' own patterns and DNS suffixes, as in botocore's partitions.json (1.42).
_DNS_SUFFIXES = (
    (re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+"), "amazonaws.com"),
    (re.compile(r"us-gov-\w+-\d+"), "amazonaws.com"),
    (re.compile(r"cn-\w+-\d+"), "amazonaws.com.cn"),
)
_LEFT_TO_BOTO3 = (
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?/?")


class DirectAccess(NamedTuple):
    """Where a service is, without a slash at the end, and the Region that its requests are signed for."""

    service: str
    url: str
    region: str


def direct_access(service: str, environment: Mapping[str, str]) -> DirectAccess | None:
    """Access to a service by the environment alone; None where boto3 is to find it.

    Args:
        service: boto3's name of it.
    """
    if service not in _SERVICES or not _is_plain(environment):
        return None
    region = environment.get("AWS_DEFAULT_REGION", "")
    configured = environment.get(f"AWS_ENDPOINT_URL_{_SERVICES[service]}") or environment.get("AWS_ENDPOINT_URL")
    url = configured or _regional_url(service, region)
    if not region or not url or not _URL.fullmatch(url):
        return None
    return DirectAccess(service, url.rstrip("/"), region)


def _is_plain(environment: Mapping[str, str]) -> bool:
    """Whether it is a function's environment, with credentials, and nothing in it that only boto3 understands."""
    required = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    if not all(environment.get(name) for name in required):
        return False
    if any(environment.get(name) for name in _LEFT_TO_BOTO3):
        return False
    return not any(value for name, value in environment.items() if name.lower() in _PROXIES)


def _regional_url(service: str, region: str) -> str | None:
    for pattern, suffix in _DNS_SUFFIXES:
        if pattern.fullmatch(region):
            return f"https://{service}.{region}.{suffix}"
    return None
