"""Several requests to S3 at a time, and none is started when the time is used up."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

OutOfTime = Callable[[], bool]

TIME_IS_USED_UP = "the time is used up"
# Each request takes some 20 ms.
_AT_ONCE = 8


def concurrently[Item, Result](
    work: Callable[[Item], Result], items: Iterable[Item], out_of_time: OutOfTime
) -> list[Result | None]:
    """Each item's result, in their order; None for those that were not started because the time was used up.

    Raises:
        Exception: the first that ``work`` raised; items that were not started by then are left out.
    """

    def unless_out_of_time(item: Item) -> Result | None:
        if out_of_time():
            return None
        return work(item)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(unless_out_of_time, items))
