"""A deadline for one whole AWS call: boto3's own time-outs are for each attempt and each socket operation."""

import queue
import threading
from collections.abc import Callable

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError


class BegunCall[Answer]:
    """A call that runs in a thread of its own while its caller does something else."""

    def __init__(self, action: str, call: Callable[[], Answer]) -> None:
        self._action = action
        self._outcome: queue.SimpleQueue[tuple[Answer, None] | tuple[None, Exception]] = queue.SimpleQueue()

        def run() -> None:
            try:
                self._outcome.put((call(), None))
            except Exception as error:  # noqa: BLE001 - carried over to the waiting thread, which raises it
                self._outcome.put((None, error))

        threading.Thread(target=run, daemon=True, name=action).start()

    def answer(self, deadline: Deadline) -> Answer:
        """The answer, which may be asked for again; when the deadline passes first, the thread goes on.

        Raises:
            AwsError: no answer in time; or whatever the call raises.
        """
        try:
            outcome = self._outcome.get(timeout=max(deadline.remaining(), 0.001))
        except queue.Empty:
            raise AwsError(f"{self._action}: no answer from AWS in time") from None
        self._outcome.put(outcome)
        answer, error = outcome
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]  # an answer without an error


def call_within[Answer](deadline: Deadline, action: str, call: Callable[[], Answer]) -> Answer:
    """The call's answer; when the deadline passes first, its thread is abandoned.

    Args:
        action: what is being done, for the error's text, such as ``writing the dead letter``.

    Raises:
        AwsError: no answer in time; or whatever ``call`` raises.
    """
    return BegunCall(action, call).answer(deadline)
