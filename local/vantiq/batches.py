"""``POST /api/v1/batch``: several requests in one."""

import random
from collections.abc import Callable

import msgspec

from local.vantiq.calls import Answer, answer_with
from local.vantiq.errors import invalid


class BatchItem(msgspec.Struct, frozen=True):
    """One request inside a batch; ``uri`` is relative to ``/api/v1/resources``."""

    method: str
    uri: str
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"")


class BatchResult(msgspec.Struct, frozen=True):
    """What one request of a batch came to."""

    status: int
    headers: dict[str, str]
    body: msgspec.Raw


def run(
    body: bytes, act: Callable[[BatchItem], Answer], shuffle: Callable[[list[int]], None] = random.shuffle
) -> Answer:
    """Run a batch; the results are in the order of the requests, which run in a random order.

    The documentation says that they run in parallel, so a client that counts on an order must not be
    served one by chance.
    """
    try:
        items = msgspec.json.decode(body, type=list[BatchItem])
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise invalid(f"The batch is not valid: {exc}") from exc
    order = list(range(len(items)))
    shuffle(order)
    results: dict[int, BatchResult] = {}
    for index in order:
        answer = act(items[index])
        results[index] = BatchResult(answer.status, answer.headers, msgspec.Raw(answer.body or b"null"))
    return answer_with([results[index] for index in range(len(items))])
