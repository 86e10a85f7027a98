"""Settings of the probes' matrix."""

from typing import Annotated

import msgspec
from msgspec import Meta


class ProbeMatrixSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Where the probes write what they found, and for how long that counts."""

    producer_probe_logs: Annotated[str, Meta(description="Log group of the producer probe.", min_length=1)]
    consumer_probe_logs: Annotated[str, Meta(description="Log group of the consumer probe.", min_length=1)]
    stale_after_seconds: Annotated[
        float, Meta(description="An older result is told as stale; half an hour, as the dead-man alarms have it.", gt=0)
    ] = 1800.0
