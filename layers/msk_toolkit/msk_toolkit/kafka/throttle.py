"""How long a broker throttles a connection, and which of Kafka's quotas its user exceeds.

Since Kafka 2.0 a broker answers at once, says in ``throttle_time_ms`` for how long it reads nothing more from that
connection, and does so (KIP-219). A client that ignores it takes the broker for one that hangs.
"""

_WRITE = "the quota on writing (producer_byte_rate)"
_READ = "the quota on reading (consumer_byte_rate)"
_REQUEST = "the quota on requests (request_percentage)"
_MUTATION = "the quota on changes of topics (controller_mutation_rate)"
_KIND_OF_API = {
    "Produce": _WRITE,
    "Fetch": _READ,
    "CreateTopics": _MUTATION,
    "CreatePartitions": _MUTATION,
    "DeleteTopics": _MUTATION,
}


class Throttle:
    """The throttle times of one connection's responses; times in seconds on the caller's monotonic clock."""

    def __init__(self) -> None:
        self._until = 0.0
        self._api = ""
        # The quota on requests holds for every kind of request, the others for their own kind.
        self._over_request_quota = False

    def note(self, api: str, seconds: float, now: float) -> None:
        """Take an answer's throttle time, 0 where it has none."""
        if seconds <= 0:
            return
        self._over_request_quota = self._over_request_quota or api not in _KIND_OF_API
        if now + seconds > self._until:
            self._until, self._api = now + seconds, api

    def seconds_left(self, now: float) -> float:
        """For how long the broker still reads nothing."""
        return max(0.0, self._until - now)

    def describe(self, now: float, api: str) -> str:
        """One sentence: for how long, and over which quota; ``api`` is the request whose response was of no use."""
        left = self.seconds_left(now)
        since = f" for {left:.1f} s more" if left else ""
        return f"the broker throttles the user{since} after {self._api or api}: {self._quota(self._api or api)}"

    def _quota(self, api: str) -> str:
        own = _KIND_OF_API.get(api)
        if own is None or self._over_request_quota:
            return _REQUEST
        # A response has the longer time of its own kind's quota and of the one on requests.
        return own if own == _MUTATION else f"{own}, or {_REQUEST}"
