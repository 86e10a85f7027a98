"""A deadline for one whole AWS call: boto3's own time-outs are for each attempt and each socket operation."""

import queue
import threading
from collections.abc import Callable

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError


def call_within[Answer](deadline: Deadline, action: str, call: Callable[[], Answer]) -> Answer:
    """The call's answer; when the deadline passes first, its thread is abandoned.

    Args:
        action: what is being done, for the error's text, such as ``writing the dead letter``.

    Raises:
        AwsError: no answer in time; or whatever ``call`` raises.
    """
    outcome: queue.SimpleQueue[tuple[Answer, None] | tuple[None, Exception]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except Exception as error:  # noqa: BLE001 - carried over to the waiting thread, which raises it
            outcome.put((None, error))

    threading.Thread(target=run, daemon=True, name=action).start()
    try:
        answer, error = outcome.get(timeout=max(deadline.remaining(), 0.001))
    except queue.Empty:
        raise AwsError(f"{action}: no answer from AWS in time") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]  # an answer without an error
