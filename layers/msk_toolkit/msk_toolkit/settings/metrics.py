"""How many metrics a function publishes."""

from typing import Annotated

from msgspec import Meta

DetailedMetrics = Annotated[
    bool,
    Meta(
        description="Publish every metric in every run, also by broker and group; otherwise only those that the alarms "
        "need. The log has the rest. CloudWatch bills each metric."
    ),
]
