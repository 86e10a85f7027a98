"""Settings of the function that answers CloudFormation for the topics function."""

from typing import Annotated

import msgspec
from msgspec import Meta


class DeclaredTopicsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The functions to which CloudFormation's requests are passed on."""

    topics_function: Annotated[str, Meta(description="Name of the topics function.", min_length=1)]
    connect_function: Annotated[
        str, Meta(description="Name of the connect function, which checks the targets in Vantiq after a deployment.")
    ] = ""
