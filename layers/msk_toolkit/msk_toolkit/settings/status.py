"""Settings of the function that reports the state of the whole path."""

from typing import Annotated

import msgspec
from msgspec import Meta

from msk_toolkit.settings.names import split_names


class StatusSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The stack whose state is read; its functions and log groups are named by its name."""

    stack_name: Annotated[
        str,
        Meta(
            description="Name of the stack, with which its functions, log groups and alarms begin.",
            min_length=1,
        ),
    ]
    cluster_arn: Annotated[
        str,
        Meta(
            description="ARN of the MSK cluster, whose event source mappings are listed; empty outside MSK, where all "
            "of the forwarder's are."
        ),
    ] = ""
    forward_topics: Annotated[str, Meta(description="Forwarded topics, comma separated.")] = ""
    forward_group_prefix: Annotated[
        str,
        Meta(
            description="Prefix of the forwarder's consumer groups; the topic's name follows. Empty means the stack's "
            "name and a dash."
        ),
    ] = ""
    heartbeat_topic: Annotated[
        str, Meta(description="Topic of the heartbeats, if they are forwarded to Vantiq; otherwise empty.")
    ] = ""
    dead_letter_bucket: Annotated[str, Meta(description="Bucket of the dead letters.")] = ""
    target_check: Annotated[str, Meta(description="`off` if no schedule checks the targets in Vantiq.")] = "require"
    stale_after_seconds: Annotated[
        float,
        Meta(
            description="Results older than this are shown as stale; 30 minutes, as in the alarms on silent probes.",
            gt=0,
        ),
    ] = 1800.0

    def topics(self) -> tuple[str, ...]:
        """The forwarded topics."""
        return split_names(self.forward_topics)

    @property
    def group_prefix(self) -> str:
        """With what the name of a topic's consumer group begins."""
        return self.forward_group_prefix or f"{self.stack_name}-"

    def function(self, name: str) -> str:
        """The name of a function of the stack, such as ``forwarder``."""
        return f"{self.stack_name}-{name}"

    def log_group(self, name: str) -> str:
        """The log group of a function of the stack."""
        return f"/aws/lambda/{self.function(name)}"
