"""Settings of the probe matrix."""

from typing import Annotated

import msgspec
from msgspec import Meta


class ProbeMatrixSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The logs with the probes' results, and the age up to which a result is current."""

    producer_probe_logs: Annotated[str, Meta(description="Log group of the producer probe.", min_length=1)]
    consumer_probe_logs: Annotated[str, Meta(description="Log group of the consumer probe.", min_length=1)]
    stale_after_seconds: Annotated[
        float,
        Meta(
            description="Results older than this are shown as stale; 30 minutes, as in the alarms on silent probes.",
            gt=0,
        ),
    ] = 1800.0
