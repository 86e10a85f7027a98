"""The event for each function that changes nothing, or no more than the function's own schedule does."""

from typing import Any

from mskv.facts import Stack

# A name that no source has: the plan only looks.
_SOURCE = "MskvVerify"

EVENTS: dict[str, dict[str, Any]] = {
    "TopicsFunction": {"action": "plan"},
    # Whatever is not CloudFormation's request it answers with the function that it would ask.
    "DeclaredTopicsFunction": {},
    # One heartbeat a broker, as with each run of the schedule.
    "ProducerProbeFunction": {},
    "ConsumerProbeFunction": {},
    "ProbeMatrixFunction": {},
    "StatusFunction": {},
    # Without an alarm it sends nothing.
    "AlarmMailFunction": {},
    "ConnectFunction": {"action": "describe"},
    "RedriveFunction": {"action": "list"},
    # A batch without records: it starts, reads its settings and has nothing to send.
    "ForwarderFunction": {"eventSource": "aws:kafka", "records": {}},
    # The longest comes last.
    "DiagnoseFunction": {},
}


def vantiq_event(stack: Stack) -> dict[str, Any]:
    """The event for ConnectFunction that asks Vantiq with the stack's token, and changes nothing there."""
    return {"action": "plan", "test": False, "source": {"name": _SOURCE, "topics": stack.listed("ForwardTopics")[:1]}}
