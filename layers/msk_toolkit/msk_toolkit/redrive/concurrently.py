"""Requests to S3 several at a time, and none begun any more when the time is used up."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

# Each takes some 20 ms.
_AT_ONCE = 8


def concurrently[Item, Answer](
    work: Callable[[Item], Answer], items: Iterable[Item], enough: Callable[[], bool]
) -> list[Answer | None]:
    """Each item's answer, in their order; None for those that were not begun because there was ``enough``.

    Raises:
        Exception: the first that ``work`` raised; what is not begun by then is left out.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda item: None if enough() else work(item), items))
