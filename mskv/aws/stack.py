"""Reading a deployed stack: the first question of every command, and the one that must be answered."""

import itertools
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from mskv.aws.calls import DENIED, code_of, message_of
from mskv.aws.clients import Client
from mskv.errors import NotReachedError
from mskv.facts import Resource, Stack

_LOG_IN = "log in (aws sso login, aws configure or the AWS_ environment variables) and use the right --profile"
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
_EXPIRED |= {"SignatureDoesNotMatch", "RequestExpired"}


def read_stack(client: Client, name: str, region: str) -> Stack:
    """The stack with its resources.

    Args:
        region: where the clients ask.

    Raises:
        NotReachedError: no credentials, no answer, or no such stack there.
    """
    account = ""
    try:
        account = str(client("sts").get_caller_identity()["Account"])
        cloudformation = client("cloudformation")
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        summaries = itertools.chain.from_iterable(page["StackResourceSummaries"] for page in pages)
        resources = tuple(map(_resource, summaries))
    except ClientError as error:
        raise _refused(error, name, region, account) from error
    except BotoCoreError as error:
        raise _unreachable(error) from error
    return Stack(
        name=name,
        region=region,
        account=account,
        status=described["StackStatus"],
        status_reason=described.get("StackStatusReason", ""),
        parameters=_by_key(described.get("Parameters", []), "Parameter"),
        outputs=_by_key(described.get("Outputs", []), "Output"),
        resources=resources,
    )


def _by_key(items: list[dict[str, Any]], kind: str) -> dict[str, str]:
    return {item[f"{kind}Key"]: item.get(f"{kind}Value", "") for item in items}


def _resource(summary: dict[str, Any]) -> Resource:
    return Resource(summary["LogicalResourceId"], summary.get("PhysicalResourceId", ""), summary["ResourceType"])


def _refused(error: ClientError, name: str, region: str, account: str) -> NotReachedError:
    code, text = code_of(error), message_of(error)
    if code == "ValidationError" and "does not exist" in text:
        remedy = "use another --stack, --region or --profile; `aws cloudformation list-stacks` lists the stacks"
        return NotReachedError(f"account {account} has no stack {name} in {region}", remedy)
    if code in DENIED:
        return NotReachedError(f"the caller is not allowed to read the stack: {text}", "docs/verify.md has the policy")
    if code in _EXPIRED:
        return NotReachedError(f"the AWS credentials are invalid or expired ({code})", _LOG_IN)
    return NotReachedError(
        f"CloudFormation refused the request: {code}: {text}", "try again; if it persists, follow the message"
    )


def _unreachable(error: BotoCoreError) -> NotReachedError:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return NotReachedError("no AWS credentials were found", _LOG_IN)
    if isinstance(error, NoRegionError):
        return NotReachedError("no Region is set", "use --region, or set one in the profile")
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        remedy = "check --region, and the network path to AWS (proxy, VPN)"
        return NotReachedError(f"AWS does not answer: {error}", remedy)
    # Expired single sign-on tokens, a broken profile: botocore's message says it.
    return NotReachedError(str(error), _LOG_IN)
