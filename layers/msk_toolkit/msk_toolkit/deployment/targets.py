"""What a deployment reports about the forwarder's targets in Vantiq; it never fails because of them."""

from collections.abc import Callable
from typing import Literal

import msgspec

from msk_toolkit.errors import ToolkitError

RESOURCE_TYPE = "Custom::CheckedTargets"
CHECK = b'{"action": "check"}'
# An output is read in one line.
_LONGEST_STATUS = 500


_State = Literal["fit", "unfit", "unknown"]


class _Target(msgspec.Struct, frozen=True):
    # As connect.check answers it, which brings a client of Vantiq's along.
    target: str
    state: _State
    reason: str = ""
    remedy: str = ""

    def line(self) -> str:
        parts = [f"{self.target} is {self.state}", self.reason, self.remedy]
        return ": ".join(part for part in parts if part)


class _Checked(msgspec.Struct, frozen=True):
    targets: list[_Target]
    problems: list[str] = []

    def lines(self, state: _State) -> list[str]:
        return [target.line() for target in self.targets if target.state == state]


def targets_status(ask: Callable[[], bytes]) -> str:
    """A line for the output ``TargetsStatus``, also where the targets could not be checked.

    Args:
        ask: has the connect function check the targets, and answers its result as JSON.
    """
    try:
        checked = msgspec.json.decode(ask(), type=_Checked)
    except ToolkitError as error:
        return f"not checked: {error}"[:_LONGEST_STATUS]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "not checked: the connect function's response is not the result of a check; see its log"
    return _line(checked)[:_LONGEST_STATUS]


def _line(checked: _Checked) -> str:
    lines = [*checked.problems, *checked.lines("unfit"), *checked.lines("unknown")]
    if lines:
        return "; ".join(lines)
    if checked.targets:
        return "fit"
    return "no topic is forwarded"
