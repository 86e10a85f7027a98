"""Settings of the topics function."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit.settings.cluster import ClusterSettings


class TopicsSettings(ClusterSettings, kw_only=True, frozen=True):
    """Where the declared topics stand."""

    topics_file: Annotated[
        str,
        Meta(description="The declared topics; a relative path starts at the function's folder."),
    ] = "topics.yaml"
