"""What a deployment tells about the forwarder's targets in Vantiq; it never fails for them."""

from collections.abc import Callable
from typing import Literal

import msgspec

from msk_toolkit.errors import ToolkitError

RESOURCE_TYPE = "Custom::CheckedTargets"
CHECK = b'{"action": "check"}'
# An output is read in one line.
_LONGEST_STATUS = 500


class _Target(msgspec.Struct, frozen=True):
    # As connect.check answers it, which brings a client of Vantiq's along.
    target: str
    state: Literal["fit", "unfit", "unknown"]
    reason: str = ""
    remedy: str = ""

    def line(self) -> str:
        parts = [f"{self.target} is {self.state}", self.reason, self.remedy]
        return ": ".join(part for part in parts if part)


class _Checked(msgspec.Struct, frozen=True):
    targets: list[_Target]
    problems: list[str] = []


def targets_status(ask: Callable[[], bytes]) -> str:
    """One line for the output ``TargetsStatus``; every outcome is a line, so this never raises.

    Args:
        ask: has the connect function check the targets, and answers its result as JSON.
    """
    try:
        checked = msgspec.json.decode(ask(), type=_Checked)
    except ToolkitError as error:
        return f"not checked: {error}"[:_LONGEST_STATUS]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "not checked: the connect function answered something that is no result; see its log"
    return _line(checked)[:_LONGEST_STATUS]


def _line(checked: _Checked) -> str:
    unfit = [each.line() for each in checked.targets if each.state == "unfit"]
    unknown = [each.line() for each in checked.targets if each.state == "unknown"]
    said = [*checked.problems, *unfit, *unknown]
    if said:
        return "; ".join(said)
    return "fit" if checked.targets else "no topic is forwarded"
