"""The answer to CloudFormation about the declared topics."""

from typing import NamedTuple

from msk_toolkit.aws.custom_resource import CustomResourceStatus

# Of the reason in the attribute Status: an output is read in one line.
_LONGEST_STATUS = 500
_NOT_LOOKED_UP = "not looked up"


class CustomResourceResult(NamedTuple):
    """The answer to CloudFormation, and what it leaves out.

    Args:
        excused: a failure that is answered with success, since the stack would be lost or get stuck.
        obstacle: a failure that the declaration did not cause.
        bug: an exception that was not expected.
        starts: where new mappings start, in a sentence.
    """

    status: CustomResourceStatus
    reason: str
    created: int = 0
    changed: int = 0
    excused: bool = False
    obstacle: bool = False
    bug: Exception | None = None
    starts: str = ""

    @property
    def data(self) -> dict[str, str]:
        """Attributes for Fn::GetAtt, in every answer: a rollback that misses one that it had would fail."""
        status = f"not applied: {self.reason}"
        if self.status == "SUCCESS" and not self.excused:
            status = "applied"
        # Numbers: CloudFormation refuses an answer that many names would make longer than 4 KB.
        return {
            "Created": str(self.created),
            "Changed": str(self.changed),
            "Status": status[:_LONGEST_STATUS],
            "StartingPositions": (self.starts or _NOT_LOOKED_UP)[:_LONGEST_STATUS],
        }
