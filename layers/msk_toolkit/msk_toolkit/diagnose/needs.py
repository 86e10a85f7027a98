"""Which AWS services the stack calls through a VPC, from where, by which functions and in which mode: one table.

The findings of diagnose come from it; tests hold README's table to it, and it to the permissions in the template.
Logs and metrics are not in it: Lambda sends them itself, outside the VPC. Nor is KMS: Secrets Manager calls that.
"""

from collections.abc import Collection
from typing import Literal, NamedTuple

from msk_toolkit.diagnose.finding import Severity
from msk_toolkit.diagnose.services import Need

# The subnets of the functions (SubnetIds), or the cluster's, where the mappings' pollers are.
NetworkPlace = Literal["functions", "pollers"]
# When it is called: with AuthMode scram, where its password is rotated, without BootstrapServers, in one mode of the
# pollers, without GivenUpTopic, or in any case.
FunctionMode = Literal["always", "scram", "rotation", "asks-msk", "provisioned", "on-demand", "bucket"]


class ServiceUse(NamedTuple):
    """A service, which functions call it when, how severe it is if they can't, and what does not work then.

    ``users`` are the ends of the functions' names; all of ``modes`` must apply.
    """

    place: NetworkPlace
    service: str
    users: tuple[str, ...]
    modes: tuple[FunctionMode, ...]
    severity: Severity
    lacking: str

    def applies(self, place: NetworkPlace, modes: Collection[FunctionMode]) -> bool:
        """Whether the service is called from there in these modes."""
        return self.place == place and {*self.modes} <= {"always", *modes}


_PROBES = ("producer-probe", "consumer-probe")
SERVICE_USES = (
    ServiceUse(
        "functions",
        "secretsmanager",
        ("topics", *_PROBES, "connect", "diagnose", "redrive"),
        ("scram",),
        "error",
        "no function can read its credentials",
    ),
    ServiceUse(
        "functions",
        "secretsmanager",
        ("forwarder", "redrive", "connect"),
        ("always",),
        "error",
        "no function can read Vantiq's access token",
    ),
    ServiceUse(
        "functions",
        "secretsmanager",
        ("scram-rotation",),
        ("rotation",),
        "error",
        "the SCRAM password can't be rotated",
    ),
    ServiceUse(
        "functions",
        "kafka",
        ("scram-rotation",),
        ("rotation", "asks-msk"),
        "error",
        "the brokers' addresses for the rotation can't be read (or set BootstrapServers)",
    ),
    ServiceUse(
        "functions",
        "kafka",
        ("topics", *_PROBES, "redrive"),
        ("asks-msk",),
        "error",
        "no function learns the brokers' addresses (or set BootstrapServers)",
    ),
    ServiceUse(
        "functions",
        "kafka",
        ("connect", "diagnose"),
        ("always",),
        "note",
        "connect and diagnose can't describe the cluster",
    ),
    ServiceUse(
        "functions",
        "s3",
        ("forwarder", "redrive"),
        ("always",),
        "error",
        "dead letters can't be written",
    ),
    ServiceUse(
        "functions",
        "lambda",
        ("forwarder",),
        ("provisioned",),
        "warning",
        "the forwarder can't check that its mapping accepts partial batch responses, and fails whole batches instead",
    ),
    ServiceUse(
        "functions",
        "lambda",
        ("redrive", "diagnose"),
        ("always",),
        "note",
        "a long redrive can't continue in another invocation, and diagnose can't see the mappings' states",
    ),
    ServiceUse(
        "functions",
        "cloudformation",
        ("topics",),
        ("always",),
        "note",
        "topics can't check whether a stack that invokes it directly is rolling back",
    ),
    ServiceUse("functions", "ec2", ("diagnose",), ("always",), "note", "diagnose can't read the networks"),
    ServiceUse(
        "functions",
        "iam",
        ("diagnose",),
        ("always",),
        "note",
        "diagnose can't check the pollers' permissions; in most Regions IAM has no endpoint and needs NAT",
    ),
    ServiceUse("pollers", "lambda", (), ("on-demand",), "error", "the pollers can't invoke the function"),
    ServiceUse("pollers", "sts", (), ("on-demand",), "error", "the pollers can't assume the function's role"),
    ServiceUse(
        "pollers", "secretsmanager", (), ("on-demand", "scram"), "error", "the pollers can't read the credentials"
    ),
    ServiceUse(
        "pollers",
        "s3",
        (),
        ("provisioned", "bucket"),
        "error",
        "their on-failure destination is there, and discarded batches that they can't write are lost",
    ),
)
# The functions that send requests to Vantiq itself, which is not an AWS service: a public one needs NAT.
VANTIQ_USERS = ("forwarder", "redrive", "connect", "scram-rotation")
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


def needs_of(place: NetworkPlace, modes: Collection[FunctionMode]) -> list[Need]:
    """The services that are called from there in these modes, each once, with its most severe use."""
    needs: dict[str, Need] = {}
    for use in SERVICE_USES:
        if use.applies(place, modes):
            need = Need(use.service, use.severity, use.lacking)
            needs[use.service] = min(needs.get(use.service, need), need, key=_rank)
    return list(needs.values())


def _rank(need: Need) -> int:
    return _ORDER[need.severity]
