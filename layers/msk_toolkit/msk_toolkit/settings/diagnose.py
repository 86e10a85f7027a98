"""Settings of diagnose: those of the probes, and the functions' place in the network."""

from typing import Annotated, Literal

from msgspec import Meta

from msk_toolkit.settings.names import split_names
from msk_toolkit.settings.probes import ProbeSettings


class DiagnoseSettings(ProbeSettings, kw_only=True, frozen=True):
    """What is probed, and between which network interfaces the network is examined."""

    consumer_group: Annotated[
        str,
        Meta(description="Prefix of the consumer groups; network and authentication follow.", min_length=1),
    ] = "msk-toolkit-diagnose"
    subnet_ids: Annotated[
        str,
        Meta(description="Subnets of the functions, comma separated; the paths from them to the brokers are examined."),
    ] = ""
    security_group_ids: Annotated[str, Meta(description="Security groups of the functions, comma separated.")] = ""
    poller_mode: Annotated[
        Literal["on-demand", "provisioned"],
        Meta(
            description="Mode of the event source mappings; on-demand pollers must reach Lambda and STS, provisioned "
            "pollers S3."
        ),
    ] = "on-demand"
    forwarder_function: Annotated[
        str, Meta(description="Name of the forwarder, whose event source mappings are examined.")
    ] = ""
    forwarder_role_arn: Annotated[
        str, Meta(description="ARN of the forwarder's role, whose permissions the mappings' pollers use.")
    ] = ""

    @property
    def subnets(self) -> tuple[str, ...]:
        """The functions' subnets, without duplicates."""
        return split_names(self.subnet_ids)

    @property
    def security_groups(self) -> tuple[str, ...]:
        """The functions' security groups, without duplicates."""
        return split_names(self.security_group_ids)
