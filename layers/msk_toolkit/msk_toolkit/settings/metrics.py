"""How much of itself a function publishes."""

from typing import Annotated

from msgspec import Meta

DetailedMetrics = Annotated[
    bool,
    Meta(
        description="Publish every metric in every run, also for each broker and group; otherwise only what alarms "
        "need, and the log has the rest. CloudWatch bills each one."
    ),
]
