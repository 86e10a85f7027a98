"""Settings of the redrive, which also reads those of the forwarder (to send) and of the cluster (to fetch records)."""

from typing import Annotated

import msgspec
from msgspec import Meta


class RedriveSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The bucket of the letters, and when to continue in another invocation."""

    dead_letter_bucket: Annotated[
        str, Meta(description="Bucket of the dead letters and of the mappings' failure notifications.")
    ]
    handover_seconds: Annotated[
        float,
        Meta(
            description="Time before the function's timeout at which it continues in another invocation.", gt=5, le=600
        ),
    ] = 60.0
