"""Checks of the functions' answers: topics, probes, Vantiq, listeners and network, dead letters."""

from collections.abc import Iterable, Sequence

from mskv.answers import (
    ConnectAnswer,
    DiagnoseAnswer,
    LetterGroup,
    PathFinding,
    ProbeAnswer,
    RedriveAnswer,
    TopicsAnswer,
)
from mskv.facts import Invocation, Stack
from mskv.verify.check import Check, failed, joined, not_tried, ok, understood

_TOPICS = "`mskv topics`"
_DIAGNOSE = "`mskv why` lists all findings"
# Of a kind.
_MAX_NAMED = 5


def topics_check(invocation: Invocation | None) -> Check:
    """Whether the topics match topics.yaml."""
    answer = understood("topics", "declared", invocation, TopicsAnswer)
    if isinstance(answer, Check):
        return answer
    if answer.problems or answer.plan is None:
        text = joined(*answer.problems) or f"there is no plan ({answer.status})"
        return failed("topics", "declared", text, f"{_TOPICS} shows the problems; correct topics.yaml and deploy")
    steps = answer.plan.steps
    changed = [f"{step.topic} ({step.action})" for step in steps if step.action != "unchanged"]
    if changed:
        text = f"{len(changed)} of {len(steps)} topics differ from topics.yaml: {_some(changed)}"
        return failed("topics", "declared", text, f"{_TOPICS} shows the plan; apply it, or change topics.yaml")
    return ok("topics", "declared", f"all {len(steps)} topics match topics.yaml")


def probe_check(name: str, invocation: Invocation | None) -> Check:
    """A probe's verdict."""
    answer = understood("probes", name, invocation, ProbeAnswer)
    if isinstance(answer, Check):
        return answer
    verdict = answer.verdict
    if verdict.status == "healthy":
        text = verdict.summary
        if verdict.warnings:
            text = joined(text, f"warnings: {joined(*verdict.warnings)}")
        return ok("probes", name, text)
    remedies = [verdict.remedy or "see the probe's table", *verdict.findings]
    if verdict.runbook:
        remedies.append(f"runbook: {verdict.runbook}")
    return failed("probes", name, f"{verdict.status}: {verdict.summary}", joined(*remedies))


def vantiq_check(stack: Stack, invocation: Invocation | None) -> Check:
    """Whether Vantiq is reachable and accepts the stack's token."""
    if stack.parameters.get("AuthMode") == "iam":
        text = "with AuthMode iam, Vantiq is only reached with a record; use --write TOPIC"
        return not_tried("vantiq", "token", text)
    answer = understood("vantiq", "token", invocation, ConnectAnswer)
    if isinstance(answer, Check):
        return answer
    return _vantiq(stack.parameters.get("VantiqUrl", ""), answer)


def _vantiq(url: str, answer: ConnectAnswer) -> Check:
    errors = [finding for finding in answer.findings if finding.severity == "error"]
    from_vantiq = [finding.text for finding in errors if finding.subject == "Vantiq"]
    if from_vantiq:
        remedy = (
            "put a valid, long-lived token into the secret of VantiqTokenSecretArn; if Vantiq is not reachable, check "
            "VantiqUrl, VantiqPort, VantiqProxy and the subnets' routes"
        )
        return failed("vantiq", "token", f"{url}: {joined(*from_vantiq)}", remedy)
    if any("register" in finding.subject for finding in errors):
        # It ended before it called Vantiq.
        causes = joined(*[finding.text for finding in errors])
        return not_tried("vantiq", "token", f"connect failed before it called Vantiq: {causes}")
    return ok("vantiq", "token", f"{url} is reachable and accepts the token")


def network_checks(invocation: Invocation | None) -> list[Check]:
    """What diagnose found: the listener in use, and the network paths of the functions and the pollers."""
    answer = understood("network", "diagnose", invocation, DiagnoseAnswer)
    if isinstance(answer, Check):
        return [answer]
    checks = [_listener(answer)]
    errors = [finding for finding in answer.findings if finding.severity == "error"]
    if errors:
        text = _some([f"{finding.subject}: {finding.text}" for finding in errors])
        checks.append(failed("network", "findings", text, _DIAGNOSE))
    checks += _paths("functions", answer.network)
    checks += _paths("pollers", answer.mapping)
    return checks


def _listener(answer: DiagnoseAnswer) -> Check:
    used = [listener for listener in answer.listeners if listener.in_use]
    if not used:
        return failed("listener", "in use", answer.summary, "enable the cluster's listener for AuthMode")
    listener = used[0]
    name = f"{listener.network} {listener.protocol}"
    if listener.status == "healthy":
        return ok("listener", name, listener.summary)
    return failed(
        "listener", name, f"{listener.status}: {listener.summary}", joined("see probes and network", _DIAGNOSE)
    )


def _paths(name: str, findings: Sequence[PathFinding]) -> Iterable[Check]:
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return [ok("network", name, "nothing that blocks a path was found")]
    kinds: dict[str, list[PathFinding]] = {}
    for finding in errors:
        kinds.setdefault(finding.code, []).append(finding)
    return [_kind(name, code, alike) for code, alike in kinds.items()]


def _kind(name: str, code: str, alike: Sequence[PathFinding]) -> Check:
    first = alike[0]
    if len(alike) == 1:
        return failed("network", name, f"{code}: {first.text}", first.remedy or _DIAGNOSE)
    text = f"{code}, {len(alike)} times: {first.text} (and {len(alike) - 1} similar)"
    return failed("network", name, text, joined(first.remedy or "see the list", _DIAGNOSE))


def letters_check(invocation: Invocation | None) -> Check:
    """Whether dead letters wait for a redrive."""
    answer = understood("letters", "waiting", invocation, RedriveAnswer)
    if isinstance(answer, Check):
        return answer
    letters = sum(group.letters for group in answer.groups)
    if not letters and not answer.waiting:
        return ok("letters", "waiting", "no dead letters")
    text = f"{letters} dead letters"
    if answer.groups:
        text += f": {_some([_letters(group) for group in answer.groups])}"
    if answer.waiting:
        text = joined(text, f"{answer.waiting} discarded batches wait for import")
    remedy = "`mskv letters` shows why; fix the cause, then `mskv letters replay TOPIC`"
    return failed("letters", "waiting", text, remedy)


def _letters(group: LetterGroup) -> str:
    reason = f"{group.reason} {group.code}".strip()
    return f"{group.letters} of {group.topic} ({reason})"


def _some(texts: Sequence[str]) -> str:
    shown = list(texts[:_MAX_NAMED])
    if len(texts) > _MAX_NAMED:
        shown.append(f"and {len(texts) - _MAX_NAMED} more")
    return joined(*shown)
