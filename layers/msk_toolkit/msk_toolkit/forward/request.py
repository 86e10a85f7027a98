"""One request of a lane with its attempts: the wait for its turn, the request, the backoff before the next attempt."""

from collections.abc import Callable
from typing import NamedTuple

from msk_toolkit.forward.exchange import Reply, VantiqExchange
from msk_toolkit.forward.halving import RecordGroup, set_aside_hint
from msk_toolkit.forward.outcome import Failure
from msk_toolkit.forward.retry import pause, retry_failure, turn_failure
from msk_toolkit.forward.services import DeliveryServices, Limits, Shared
from msk_toolkit.network.event_loop import sleep
from msk_toolkit.settings.targets import Target


class RequestCounts(NamedTuple):
    """What a lane's requests amounted to.

    Args:
        retried: requests sent again.
        latencies: seconds of each request that was answered.
        throttled: seconds waited because of the rate limit or Vantiq's throttling.
    """

    retried: int
    latencies: list[float]
    throttled: float


class LaneRequests:
    """Sends the requests of one lane, one after the other."""

    def __init__(self, target: Target, services: DeliveryServices, limits: Limits, shared: Shared) -> None:
        self._target = target
        self._services = services
        self._limits = limits
        self._shared = shared
        self._exchange = VantiqExchange(services.vantiq, target, services.clock, services.now, limits.end_by)
        self._retried = 0
        self._throttled = 0.0

    @property
    def counts(self) -> RequestCounts:
        """So far."""
        return RequestCounts(self._retried, self._exchange.latencies, self._throttled)

    async def send(self, group: RecordGroup, meanwhile: Callable[[], object]) -> Reply | Failure:
        """Wait until the group may be sent, and send it; a failure where it may not be sent any more.

        Args:
            meanwhile: may be called while the response is awaited.
        """
        limits, limiter, outage = self._limits, self._shared.rate_limiter, self._shared.outage
        remaining = limits.start_by.remaining()
        seconds = limiter.turn(len(group.documents), remaining)
        while True:
            failure = turn_failure(seconds, remaining, is_outage=outage.is_set())
            if failure is not None:
                return failure
            if seconds <= 0:
                break
            await sleep(seconds, outage)
            self._throttled += seconds
            seconds, remaining = limiter.held(), limits.start_by.remaining()
        if group.documents[0].action == "delete":
            return await self._exchange.delete(group.documents[0], meanwhile)
        as_array = limits.as_array and not group.bare
        return await self._exchange.post(group.documents, meanwhile, as_array=as_array)

    async def back_off(self, group: RecordGroup, reply: Reply) -> Failure | None:
        """Wait before the group's next attempt, or say why there is none."""
        seconds = pause(group.attempts, reply.retry_after, self._services.random)
        if reply.throttled:
            self._shared.rate_limiter.hold(seconds)
        remaining = self._limits.start_by.remaining()
        failure = retry_failure(reply, group.attempts, self._limits.max_attempts, seconds, remaining)
        if failure is not None:
            if failure.kind == "outage":
                self._shared.outage.set()
            if group.attempts >= self._limits.max_attempts:
                return failure.with_hint(self.hint(group, reply))
            return failure
        await sleep(seconds, self._shared.outage)
        if reply.throttled:
            self._throttled += seconds
        self._retried += 1
        return None

    def hint(self, group: RecordGroup, reply: Reply) -> str:
        """How to get past a record that alone cannot pass; see :func:`set_aside_hint`."""
        return set_aside_hint(group.documents, reply, is_accepting=self._target in self._shared.accepting)
