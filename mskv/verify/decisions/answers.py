"""What the functions answered: topics, probes, Vantiq, listeners and network, dead letters."""

from collections.abc import Iterable, Sequence

from mskv.answers import (
    ConnectAnswer,
    DiagnoseAnswer,
    LetterGroup,
    ProbeAnswer,
    RedriveAnswer,
    TopicsAnswer,
    WayFinding,
)
from mskv.facts import Invocation, Stack
from mskv.verify.check import Check, failed, not_tried, ok, understood

_TOPICS = """sam remote invoke TopicsFunction --event '{"action": "plan"}'"""
_DIAGNOSE = "sam remote invoke DiagnoseFunction --event '{}' lists each"
# So many of a kind are named.
_MOST = 5


def topics_check(invocation: Invocation | None) -> Check:
    """Whether the topics stand as topics.yaml declares them."""
    answer = understood("topics", "declared", invocation, TopicsAnswer)
    if isinstance(answer, Check):
        return answer
    if answer.problems or answer.plan is None:
        text = "; ".join(answer.problems) or f"there is no plan ({answer.status})"
        return failed("topics", "declared", text, f"{_TOPICS} shows it; correct topics.yaml and deploy")
    steps = answer.plan.steps
    changed = [f"{step.topic} ({step.action})" for step in steps if step.action != "unchanged"]
    if changed:
        text = f"{len(changed)} of {len(steps)} topics stand otherwise than topics.yaml declares: {_some(changed)}"
        return failed("topics", "declared", text, f"{_TOPICS} shows it; apply, or declare what stands")
    return ok("topics", "declared", f"all {len(steps)} topics stand as topics.yaml declares them")


def probe_check(name: str, invocation: Invocation | None) -> Check:
    """A probe's verdict."""
    answer = understood("probes", name, invocation, ProbeAnswer)
    if isinstance(answer, Check):
        return answer
    verdict = answer.verdict
    if verdict.status == "healthy":
        warnings = f"; warnings: {'; '.join(verdict.warnings)}" if verdict.warnings else ""
        return ok("probes", name, f"{verdict.summary}{warnings}")
    told = [verdict.remedy or "see the probe's table", *verdict.findings]
    if verdict.runbook:
        told.append(verdict.runbook)
    return failed("probes", name, f"{verdict.status}: {verdict.summary}", "; ".join(told))


def vantiq_check(stack: Stack, invocation: Invocation | None) -> Check:
    """Whether Vantiq is reached and takes the stack's token."""
    if stack.parameters.get("AuthMode") == "iam":
        text = "with AuthMode iam no function asks Vantiq without a record: --write TOPIC shows it"
        return not_tried("vantiq", "token", text)
    answer = understood("vantiq", "token", invocation, ConnectAnswer)
    if isinstance(answer, Check):
        return answer
    errors = [finding.text for finding in answer.findings if finding.severity == "error"]
    from_vantiq = [one.text for one in answer.findings if one.severity == "error" and one.subject == "Vantiq"]
    url = stack.parameters.get("VantiqUrl", "")
    if from_vantiq:
        remedy = (
            "put a valid, long-lived token into the secret of VantiqTokenSecretArn; if Vantiq was not reached at all, "
            "see VantiqUrl, VantiqPort and the subnets' way out"
        )
        return failed("vantiq", "token", f"{url}: {'; '.join(from_vantiq)}", remedy)
    if any("register" in one.subject for one in answer.findings if one.severity == "error"):
        # It ended before it came to Vantiq.
        return not_tried("vantiq", "token", f"connect did not come as far as Vantiq: {'; '.join(errors)}")
    return ok("vantiq", "token", f"{url} answers and takes the token")


def network_checks(invocation: Invocation | None) -> list[Check]:
    """What diagnose saw: the listener in use, the ways of the functions, those of the pollers."""
    answer = understood("network", "diagnose", invocation, DiagnoseAnswer)
    if isinstance(answer, Check):
        return [answer]
    checks = [_listener(answer)]
    about = [one for one in answer.findings if one.severity == "error"]
    if about:
        text = _some([f"{one.subject}: {one.text}" for one in about])
        checks.append(failed("network", "findings", text, _DIAGNOSE))
    checks += _ways("functions", answer.network)
    checks += _ways("pollers", answer.mapping)
    return checks


def _listener(answer: DiagnoseAnswer) -> Check:
    used = [one for one in answer.listeners if one.in_use]
    if not used:
        return failed("listener", "in use", answer.summary, "switch the listener on that AuthMode names")
    listener = used[0]
    name = f"{listener.network} {listener.protocol}"
    if listener.status == "healthy":
        return ok("listener", name, listener.summary)
    return failed("listener", name, f"{listener.status}: {listener.summary}", f"see probes and network; {_DIAGNOSE}")


def _ways(name: str, findings: Sequence[WayFinding]) -> Iterable[Check]:
    errors = [one for one in findings if one.severity == "error"]
    if not errors:
        return [ok("network", name, "nothing is known that is in the way")]
    kinds: dict[str, list[WayFinding]] = {}
    for finding in errors:
        kinds.setdefault(finding.code, []).append(finding)
    return [_kind(name, code, alike) for code, alike in kinds.items()]


def _kind(name: str, code: str, alike: Sequence[WayFinding]) -> Check:
    first = alike[0]
    if len(alike) == 1:
        return failed("network", name, f"{code}: {first.text}", first.remedy or _DIAGNOSE)
    text = f"{code}, {len(alike)} times: {first.text} (and {len(alike) - 1} alike)"
    return failed("network", name, text, f"{first.remedy or 'see the list'}; {_DIAGNOSE}")


def letters_check(invocation: Invocation | None) -> Check:
    """Whether records wait that Vantiq refused."""
    answer = understood("letters", "waiting", invocation, RedriveAnswer)
    if isinstance(answer, Check):
        return answer
    letters = sum(group.letters for group in answer.groups)
    if not letters and not answer.waiting:
        return ok("letters", "waiting", "no dead letter waits")
    text = f"{letters} dead letters wait"
    if answer.groups:
        text += f": {_some([_letters(group) for group in answer.groups])}"
    if answer.waiting:
        text += f"; {answer.waiting} batches that a mapping gave up wait to become letters"
    remedy = "docs/forwarder.md, dead letters and the redrive: mend what refused them, then replay"
    return failed("letters", "waiting", text, remedy)


def _letters(group: LetterGroup) -> str:
    return f"{group.letters} of {group.topic} ({group.reason}{' ' + group.code if group.code else ''})"


def _some(texts: Sequence[str]) -> str:
    rest = len(texts) - _MOST
    return "; ".join(texts[:_MOST]) + (f"; and {rest} more" if rest > 0 else "")
