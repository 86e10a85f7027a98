"""Which addresses are CloudFormation's own, so that an answer goes to no other.

CloudFormation waits for an answer in a bucket of its own in the stack's Region, by a presigned URL of S3 (its guide,
"Access CloudFormation using an interface endpoint"; in public logs the host has s3.REGION, s3-REGION, or s3 alone).
"""

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple
from urllib.parse import urlsplit

_BUCKET = "cloudformation-custom-resource-response-"
_ENDPOINTS = ("s3.{}", "s3-{}", "s3.dualstack.{}", "s3-fips.{}", "s3-fips.dualstack.{}", "s3")
# Of each partition; a test holds them to botocore's.
_DNS_SUFFIXES = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
)
_PORTS = {"http": 80, "https": 443}
# The emulator of the local system.
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


class _Place(NamedTuple):
    scheme: str
    host: str
    port: int


def is_cloudformations(url: object, environ: Mapping[str, str]) -> bool:
    """Whether CloudFormation waits for an answer there: in the environment's Region, or at the endpoint that the
    environment names instead of AWS.
    """
    place, region = _place(url), environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if place is None:
        return False
    if any(place == _place(environ.get(variable)) for variable in _ENDPOINT_VARIABLES):
        return True
    if not region or (place.scheme, place.port) != ("https", _PORTS["https"]):
        return False
    return _is_in_the_bucket(place.host, urlsplit(str(url)).path, region)


def _is_in_the_bucket(host: str, path: str, region: str) -> bool:
    # Its name has the Region without dashes.
    bucket = _BUCKET + region.replace("-", "")
    endpoints = {".".join(parts) for parts in product(_regional(region), _DNS_SUFFIXES)}
    if host in endpoints:
        return path.startswith(f"/{bucket}/")
    return host.removeprefix(f"{bucket}.") in endpoints


def _regional(region: str) -> list[str]:
    return [endpoint.format(region) for endpoint in _ENDPOINTS]


def _place(url: object) -> _Place | None:
    """None where it is not a URL, or has credentials in it."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or not port or "@" in parts.netloc:
        return None
    return _Place(parts.scheme, parts.hostname, port)
