"""Where a stack is: an account of AWS as the profile says, or the emulator of the local system."""

from typing import NamedTuple

import boto3
from botocore.exceptions import BotoCoreError

from mskv.errors import NotReachedError


class Place(NamedTuple):
    """Where to ask.

    Args:
        endpoint: in place of AWS's own; None for AWS.
    """

    session: boto3.Session
    region: str
    stack: str
    endpoint: str | None = None


def on_aws(stack: str, region: str | None, profile: str | None) -> Place:
    """The account that the profile, or the environment, leads to.

    Raises:
        NotReachedError: no such profile, or no Region.
    """
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise NotReachedError(str(error), "use a profile of ~/.aws/config with --profile") from error
    if not session.region_name:
        raise NotReachedError("no Region is set", "use --region, or set one in the profile")
    return Place(session, session.region_name, stack)
