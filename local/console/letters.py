"""Dead letters for the page: listed, shown and replayed by the redrive function; single names are read from S3."""

from typing import Annotated, Any

import msgspec

from local.console.invoking import Invokes

REDRIVE = "RedriveFunction"
MAX_NAMES = 50
_PREFIX = "dead-letters/"
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1024, pattern=f"^{_PREFIX}")]


class NamesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The letters of a group, from its first name to its last."""

    first: _Name
    last: _Name


class ShowRequest(msgspec.Struct, forbid_unknown_fields=True):
    """One letter; key, value, headers and Vantiq's message only with ``payload``."""

    name: _Name
    payload: bool = False


class ReplayRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Letters to send again; without ``dry_run: false`` they are only listed."""

    topic: str = ""
    reason: str = ""
    dry_run: bool = True


class Letters:
    """The letters of the stack.

    Args:
        s3: boto3's client.
        bucket: where the letters are.
    """

    def __init__(self, invoke: Invokes, s3: Any, bucket: str) -> None:
        self._invoke = invoke
        self._s3 = s3
        self._bucket = bucket

    def groups(self) -> Any:
        """By topic, partition and reason.

        Raises:
            FunctionError, FunctionUnavailableError: the redrive function did not answer.
        """
        return self._invoke(REDRIVE, {"action": "list"})

    def names(self, request: NamesRequest) -> dict[str, Any]:
        """The names of a group's letters, the first 50, and whether there are more.

        Raises:
            BotoCoreError, ClientError: S3 did not answer.
        """
        # Names are listed behind a name, and the first one belongs to the answer.
        page = self._s3.list_objects_v2(
            Bucket=self._bucket, Prefix=_PREFIX, StartAfter=request.first[:-1], MaxKeys=MAX_NAMES + 1
        )
        keys = [entry["Key"] for entry in page.get("Contents", [])]
        names = [key for key in keys if request.first <= key <= request.last]
        return {"names": names[:MAX_NAMES], "more": len(names) > MAX_NAMES}

    def show(self, request: ShowRequest) -> Any:
        """One letter.

        Raises:
            FunctionError, FunctionUnavailableError: the redrive function did not answer, or has no such letter.
        """
        return self._invoke(REDRIVE, {"action": "inspect", "name": request.name, "payload": request.payload})

    def replay(self, request: ReplayRequest) -> Any:
        """Send letters again, or list what would be sent.

        Raises:
            FunctionError, FunctionUnavailableError: the redrive function did not answer.
        """
        event: dict[str, Any] = {"action": "replay", "dry_run": request.dry_run}
        if request.topic:
            event["topic"] = request.topic
        if request.reason:
            event["reason"] = request.reason
        return self._invoke(REDRIVE, event)
