"""Reading a deployed stack: the first question of every command, and the one that must be answered."""

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

_LOG_IN = "log in (aws sso login, aws configure, or the AWS_ variables), and name the right --profile"
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
        resources = tuple(_resource(one) for page in pages for one in page["StackResourceSummaries"])
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
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in described.get("Parameters", [])},
        outputs={one["OutputKey"]: one.get("OutputValue", "") for one in described.get("Outputs", [])},
        resources=resources,
    )


def _resource(summary: dict[str, Any]) -> Resource:
    return Resource(summary["LogicalResourceId"], summary.get("PhysicalResourceId", ""), summary["ResourceType"])


def _refused(error: ClientError, name: str, region: str, account: str) -> NotReachedError:
    code, text = code_of(error), message_of(error)
    if code == "ValidationError" and "does not exist" in text:
        remedy = "name another --stack, --region or --profile; `aws cloudformation list-stacks` shows what is there"
        return NotReachedError(f"account {account} has no stack {name} in {region}", remedy)
    if code in DENIED:
        return NotReachedError(f"this caller may not look at the stack: {text}", "docs/verify.md has the policy")
    if code in _EXPIRED:
        return NotReachedError(f"AWS takes these credentials for nothing ({code})", _LOG_IN)
    return NotReachedError(f"CloudFormation refuses: {code}: {text}", "try again; if it stays, look at the message")


def _unreachable(error: BotoCoreError) -> NotReachedError:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return NotReachedError("there are no AWS credentials here", _LOG_IN)
    if isinstance(error, NoRegionError):
        return NotReachedError("no Region is named", "give --region, or set one in the profile")
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        remedy = "is --region a Region of AWS, and is there a way to it from here (proxy, VPN)?"
        return NotReachedError(f"AWS does not answer: {error}", remedy)
    # Tokens of single sign-on that have ended, a profile that is broken: botocore's sentence says it.
    return NotReachedError(str(error), _LOG_IN)
