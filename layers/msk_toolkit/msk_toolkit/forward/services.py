"""What deliveries work with, share with one another, and are limited by."""

import random as random_module
import time
from collections.abc import Callable
from typing import NamedTuple

from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.forward.dead_letters import DeadLetterStore
from msk_toolkit.forward.exchange import Vantiq
from msk_toolkit.forward.rate_limiter import RateLimiter
from msk_toolkit.forward.refusal_limit import RefusalLimit
from msk_toolkit.network.event_loop import Poll, Signal
from msk_toolkit.settings.targets import Target


class DeliveryServices(NamedTuple):
    """What deliveries work with; time and chance are arguments.

    Args:
        dead_letters: None where a record that is refused for good blocks its lane.
        now: seconds since 1970.
        poll: what the lanes' loop waits with; None for the system's.
        by_operator: where the records go that the operator sets aside by name, also where refused ones block.
    """

    vantiq: Vantiq
    dead_letters: DeadLetterStore | None
    clock: Clock = time.monotonic
    now: Callable[[], float] = time.time
    poll: Poll | None = None
    random: Callable[[], float] = random_module.random
    by_operator: DeadLetterStore | None = None


class Shared(NamedTuple):
    """What the lanes of an invocation share.

    Args:
        outage: set by the first lane that encounters one; it stops them all.
        accepting: targets that have accepted a record in this invocation.
    """

    outage: Signal
    rate_limiter: RateLimiter
    refusal_limit: RefusalLimit
    accepting: set[Target]


class Limits(NamedTuple):
    """How a lane may send.

    Args:
        start_by: no request starts after it.
        end_by: a request in flight, or a dead letter, is given up then.
        max_attempts: attempts of one request.
        as_array: whether a request holds an array, also of a single record.
        timed: whether the records' ages are measured.
    """

    start_by: Deadline
    end_by: Deadline
    max_attempts: int
    as_array: bool
    timed: bool = False
