"""Settings of diagnose: those of the probes, and where the function stands in the network."""

from typing import Annotated, Literal

from msgspec import Meta

from msk_toolkit.settings.probes import ProbeSettings


class DiagnoseSettings(ProbeSettings, kw_only=True, frozen=True):
    """What is probed, and between whose network interfaces the network is judged."""

    consumer_group: Annotated[
        str,
        Meta(description="What the names of the consumer groups begin with; network and login follow.", min_length=1),
    ] = "msk-toolkit-diagnose"
    subnet_ids: Annotated[
        str, Meta(description="Subnets of the functions, comma separated; the way from them to the brokers is judged.")
    ] = ""
    security_group_ids: Annotated[str, Meta(description="Security groups of the functions, comma separated.")] = ""
    poller_mode: Annotated[
        Literal["on-demand", "provisioned"],
        Meta(
            description="The event source mappings' mode; on-demand pollers need ways to Lambda and STS, "
            "provisioned ones to S3."
        ),
    ] = "on-demand"
    forwarder_function: Annotated[
        str, Meta(description="Name of the forwarder, whose event source mappings are looked at.")
    ] = ""
    forwarder_role_arn: Annotated[
        str, Meta(description="ARN of the forwarder's role, with which the mappings' pollers act.")
    ] = ""

    @property
    def subnets(self) -> tuple[str, ...]:
        """The functions' subnets, each once."""
        return _words(self.subnet_ids)

    @property
    def security_groups(self) -> tuple[str, ...]:
        """The functions' security groups, each once."""
        return _words(self.security_group_ids)


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
