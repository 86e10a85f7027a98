"""The stack as CloudFormation describes it, and whether all its functions answer."""

from collections.abc import Mapping, Sequence

from mskv.facts import Function, Invocation, Stack, Unavailable
from mskv.verify.check import Check, failed, ok, unavailable
from mskv.verify.events import EVENTS

_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
_EVENTS = "aws cloudformation describe-stack-events --stack-name {name} shows what failed first"
# What the other checks, and an operator, go by.
OUTPUTS = ("AlarmTopic", "DeadLetterBucket", *EVENTS)


def stack_checks(stack: Stack) -> list[Check]:
    """Status, parameters and outputs."""
    return [_status(stack), _parameters(stack), _outputs(stack)]


def _status(stack: Stack) -> Check:
    status, where = stack.status, f"{stack.name} in account {stack.account}, {stack.region}"
    if status in _DONE:
        return ok("stack", "status", f"{status}: {where}")
    reason = ""
    if stack.status_reason:
        reason = f": {stack.status_reason}"
    if status.endswith("_IN_PROGRESS"):
        return failed("stack", "status", f"{status}{reason}", "wait until it has finished, then run verify again")
    if status == "UPDATE_ROLLBACK_FAILED":
        remedy = f"aws cloudformation continue-update-rollback --stack-name {stack.name}"
        return failed("stack", "status", f"{status}{reason}", remedy)
    if status == "UPDATE_ROLLBACK_COMPLETE":
        text = f"the last update failed and was rolled back{reason}"
        return failed("stack", "status", text, f"{_EVENTS.format(name=stack.name)}; fix it and deploy again")
    return failed("stack", "status", f"{status}{reason}", _EVENTS.format(name=stack.name))


def _parameters(stack: Stack) -> Check:
    named = ("AuthMode", "PollerMode", "ForwardTopics", "VantiqUrl", "VantiqTarget")
    missing = [name for name in ("ClusterArn", *named) if name not in stack.parameters]
    if missing:
        text = (
            f"{stack.name} has no parameter {', '.join(missing)}: it is not a stack of this toolkit, or an old version"
        )
        return failed("stack", "parameters", text, "use --stack with the name of the toolkit's stack")
    text = ", ".join(f"{name} {stack.parameters[name]}" for name in named)
    return ok("stack", "parameters", f"{text} (all {len(stack.parameters)} in the JSON report)")


def _outputs(stack: Stack) -> Check:
    missing = [name for name in OUTPUTS if not stack.outputs.get(name)]
    if missing:
        return failed("stack", "outputs", f"missing: {', '.join(missing)}", "deploy this version of the template")
    return ok("stack", "outputs", f"all {len(OUTPUTS)} required outputs exist")


def function_checks(
    stack: Stack, functions: Mapping[str, Function | Unavailable], invocations: Mapping[str, Invocation]
) -> list[Check]:
    """Whether each function of the toolkit is there and answers."""
    checks = []
    for name in EVENTS:
        function = functions.get(name)
        if function is None:
            remedy = f"deploy the template again; the function may have been deleted manually from {stack.name}"
            checks.append(failed("functions", name, "the stack has no such function", remedy))
        elif isinstance(function, Unavailable):
            checks.append(unavailable("functions", name, function))
        elif name in invocations:
            checks.append(_answered(function, invocations[name]))
    return checks


def _answered(function: Function, invocation: Invocation) -> Check:
    name, text = function.logical_id, invocation.text
    match invocation.outcome:
        case "answered":
            return ok("functions", name, f"answered in {invocation.seconds:.1f} s")
        case "denied":
            return unavailable("functions", name, Unavailable("lambda:InvokeFunction", "denied", text))
        case "busy":
            return failed(
                "functions", name, text, "another invocation is running; run verify again when it has finished"
            )
        case "lost":
            return failed("functions", name, f"no answer: {text}", f"see its log, {function.log_group}")
    if "timed out" in text:
        remedy = (
            "a call that hangs usually means that the subnets have no route (endpoint or NAT); see network and listener"
        )
        return failed("functions", name, text, f"{remedy}; its log is {function.log_group}")
    return failed("functions", name, text, f"fix the reported error; its log is {function.log_group}")


def answers_of(names: Sequence[str], functions: Mapping[str, Function | Unavailable]) -> list[Function]:
    """Those of these functions that can be invoked, in this order."""
    known = [functions.get(name) for name in names]
    return [function for function in known if isinstance(function, Function)]
