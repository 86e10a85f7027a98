"""Settings of the redrive, which also reads those of the forwarder (to send) and of the cluster (to fetch records)."""

from typing import Annotated

import msgspec
from msgspec import Meta


class RedriveSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The bucket of the letters, and when to continue in another invocation."""

    dead_letter_bucket: Annotated[
        str, Meta(description="Bucket of the dead letters and of the mappings' failure notifications.")
    ]
    forward_topics: Annotated[
        str,
        Meta(description="Forwarded topics, comma separated: what the mappings discard of others is not imported."),
    ] = ""
    stack_name: Annotated[
        str,
        Meta(description="Name of the stack: what mappings of another stack's forwarder discard is not imported."),
    ] = ""
    failure_topics: Annotated[
        str,
        Meta(description="Topics that `failure_topic` of a request may name, comma separated."),
    ] = ""
    given_up_topic: Annotated[
        str,
        Meta(description="Topic for what the mappings give up: every `import` and `replay` reads it first."),
    ] = ""
    handover_seconds: Annotated[
        float,
        Meta(
            description="Time before the function's timeout at which it continues in another invocation.", gt=5, le=600
        ),
    ] = 60.0

    def forwarder_function(self) -> str:
        """The forwarder's name, as the template makes it; empty where the stack's is not known."""
        return f"{self.stack_name}-forwarder" if self.stack_name else ""
