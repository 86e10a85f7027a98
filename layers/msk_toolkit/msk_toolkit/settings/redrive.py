"""Settings of the redrive, beside those of the forwarder (which it sends as) and of the cluster (which it may read)."""

from typing import Annotated

import msgspec
from msgspec import Meta


class RedriveSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Where letters lie, and when the function goes on in another invocation."""

    dead_letter_bucket: Annotated[str, Meta(description="Bucket of the letters and of the mapping's failure objects.")]
    handover_seconds: Annotated[
        float,
        Meta(description="Time before the function's time-out when it goes on in another invocation.", gt=5, le=600),
    ] = 60.0
