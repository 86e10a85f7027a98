"""Questions to AWS whose answer is good to have and that nothing depends on."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.bounded import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError

# Without a way to the API a call would wait far longer.
_SECONDS = 4.0


def answer_or_none[Answer](deadline: Deadline, action: str, call: Callable[[], Answer]) -> Answer | None:
    """The call's answer, or None where it is denied, unknown, or does not come within 4 s."""
    try:
        return call_within(deadline.at_most(_SECONDS), action, call)
    except (ToolkitError, ClientError, BotoCoreError):
        return None
