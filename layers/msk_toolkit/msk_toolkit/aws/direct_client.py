"""The requests that nearly every cold start makes, signed and sent without boto3.

A client that offers what boto3's does: the operations below it sends itself, with AWS's own signer
(``aws-sdk-signers``) and the standard library; for any other it makes boto3's client. tests/contract holds both to the
same answers, errors and signatures.
"""

import http.client
import os
import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from aws_sdk_signers import URI, AWSCredentialIdentity, AWSRequest, Field, Fields, SigV4Signer, SigV4SigningProperties

from msk_toolkit.aws.direct_access import DirectAccess
from msk_toolkit.aws.request_errors import RefusedRequestError, UnansweredRequestError
from msk_toolkit.backoff import Sleep

type _Json = dict[str, Any]

# As of boto3's clients here.
_CONNECT_SECONDS = 3.0
_READ_SECONDS = 8.0
_ATTEMPTS = 2
_LONGEST_PAUSE_SECONDS = 1.0
# A secret has 64 KiB at most, a page of mappings some hundred.
_MAX_RESPONSE_BYTES = 1024 * 1024
_FIRST_ERROR_STATUS = 300
_CODE = re.compile(r"[A-Za-z0-9._-]{1,100}")
# As botocore's standard mode has them.
_TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
_THROTTLED = frozenset({"ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestTimeout"})


class _Request(NamedTuple):
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = {}


class _Response(NamedTuple):
    status: int
    code: str
    body: bytes


class DirectClient:
    """A service's client.

    Args:
        make_client: boto3's client of the service, made for an operation that is not sent directly.
    """

    def __init__(self, access: DirectAccess, make_client: Callable[[], Any], sleep: Sleep = time.sleep) -> None:
        self._access = access
        self._make_client = make_client
        self._sleep = sleep
        self._boto3_client: Any = None

    def __getattr__(self, name: str) -> Any:
        """What is not sent directly is boto3's."""
        if self._boto3_client is None:
            self._boto3_client = self._make_client()
        return getattr(self._boto3_client, name)

    def get_secret_value(self, *, SecretId: str) -> _Json:  # noqa: N803 - boto3's own name
        """Secrets Manager's GetSecretValue; binary secrets stay in base64."""
        headers = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1"}
        body = msgspec.json.encode({"SecretId": SecretId})
        return self._answer(_Request("POST", "/", body=body, headers=headers))

    def describe_cluster_v2(self, *, ClusterArn: str) -> _Json:  # noqa: N803 - boto3's own name
        """MSK's DescribeClusterV2; times stay text."""
        return self._msk_answer(f"/api/v2/clusters/{quote(ClusterArn, safe='')}")

    def get_bootstrap_brokers(self, *, ClusterArn: str) -> _Json:  # noqa: N803 - boto3's own name
        """MSK's GetBootstrapBrokers."""
        return self._msk_answer(f"/v1/clusters/{quote(ClusterArn, safe='')}/bootstrap-brokers")

    def list_event_source_mappings(self, **arguments: str) -> _Json:
        """Lambda's ListEventSourceMappings, one page: ``FunctionName``, ``EventSourceArn``, ``Marker``."""
        # Signed in the order of its names; quote, since a signature counts a space as %20.
        query = urlencode(sorted(arguments.items()), quote_via=quote)
        return self._answer(_Request("GET", "/2015-03-31/event-source-mappings", query))

    def get_paginator(self, operation: str) -> Any:
        """A paginator, as boto3's client has it."""
        if operation == "list_event_source_mappings" and self._access.service == "lambda":
            return _MappingPages(self)
        return self.__getattr__("get_paginator")(operation)

    def _msk_answer(self, path: str) -> _Json:
        answer: _Json = _capitalized(self._answer(_Request("GET", path)))
        return answer

    def _answer(self, request: _Request) -> _Json:
        for attempt in range(1, _ATTEMPTS + 1):
            response = self._response(request, is_last=attempt == _ATTEMPTS)
            if response is not None:
                return _decoded(response)
            self._sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311 - spreads retries
        raise AssertionError("the last attempt returns or raises")

    def _response(self, request: _Request, *, is_last: bool) -> _Response | None:
        """One attempt's response; None if another attempt is due."""
        try:
            response = _sent(self._access, request)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not is_last:
                return None
            # Not chained: a parser's error may quote the answer.
            raise UnansweredRequestError(type(error).__name__) from None
        if not is_last and (response.status in _TRANSIENT_STATUSES or response.code in _THROTTLED):
            return None
        return response


class _MappingPages(NamedTuple):
    client: DirectClient

    def paginate(self, **arguments: str) -> Iterator[_Json]:
        """All pages."""
        marker: dict[str, str] = {}
        while True:
            page = self.client.list_event_source_mappings(**arguments, **marker)
            yield page
            if not page.get("NextMarker"):
                return
            marker = {"Marker": page["NextMarker"]}


def _sent(access: DirectAccess, request: _Request) -> _Response:
    """Send the request once, over a connection of its own, and read its response."""
    with closing(_connection(access)) as connection:
        connection.connect()
        connection.sock.settimeout(_READ_SECONDS)
        target = f"{request.path}?{request.query}" if request.query else request.path
        connection.request(request.method, target, request.body or None, _signed_headers(access, request))
        answer = connection.getresponse()
        body = answer.read(_MAX_RESPONSE_BYTES + 1)
        if len(body) > _MAX_RESPONSE_BYTES or answer.length:
            raise http.client.IncompleteRead(b"")
        return _Response(answer.status, _error_code(answer, body), body)


def _connection(access: DirectAccess) -> http.client.HTTPConnection:
    parts = urlsplit(access.url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=_CONNECT_SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, parts.port, timeout=_CONNECT_SECONDS, context=context)


def _signed_headers(access: DirectAccess, request: _Request) -> dict[str, str]:
    # Read for each request: who gives a running environment new credentials sets them there.
    identity = AWSCredentialIdentity(
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        session_token=os.environ.get("AWS_SESSION_TOKEN") or None,
    )
    parts = urlsplit(access.url)
    unsigned = AWSRequest(
        destination=URI(
            scheme=parts.scheme, host=parts.hostname or "", port=parts.port, path=request.path, query=request.query
        ),
        method=request.method,
        body=iter([request.body]),
        fields=Fields([Field(name=name, values=[value]) for name, value in request.headers.items()]),
    )
    properties = SigV4SigningProperties(region=access.region, service=access.service)
    signed = SigV4Signer().sign(request=unsigned, identity=identity, properties=properties)
    return {field.name: field.as_string() for field in signed.fields}


def _error_code(answer: http.client.HTTPResponse, body: bytes) -> str:
    """AWS's name of an error, without namespace and address; empty where it is none."""
    if answer.status < _FIRST_ERROR_STATUS:
        return ""
    code = answer.headers.get("x-amzn-errortype") or _code_in(body)
    name = code.partition(":")[0].rpartition("#")[2]
    return name if _CODE.fullmatch(name) else str(answer.status)


def _code_in(body: bytes) -> str:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(content, dict):
        return ""
    return str(content.get("__type") or content.get("code") or "")


def _decoded(response: _Response) -> _Json:
    if response.code:
        raise RefusedRequestError(response.code)
    try:
        return msgspec.json.decode(response.body, type=dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnansweredRequestError("ResponseParserError") from None


def _capitalized(value: Any) -> Any:
    """The names of MSK's JSON as boto3 spells them: ``clusterInfo`` as ``ClusterInfo``."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _capitalized(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_capitalized(part) for part in value]
    return value
