"""What Lambda reports of the mappings, as findings: mappings in the same state, or with the same result, are one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.diagnose.finding import POLLERS, Code, NetworkFinding, Severity, listed
from msk_toolkit.diagnose.mapping_states import STATES, UNKNOWN, Meaning, meaning_of_reason, meaning_of_result

_FORWARDER = "the forwarder"
# Lambda ends these states itself.
_IN_TRANSITION = {"Creating", "Enabling", "Updating"}


class _Alike(NamedTuple):
    """Mappings of which Lambda reports the same, and what else is wrong, which may explain it."""

    states: Sequence[MappingState]
    function: str
    errors: Collection[Code]

    @property
    def first(self) -> MappingState:
        """The one that a remedy names."""
        return self.states[0]

    def subject(self, verb: str, plural: str) -> str:
        """The beginning of a sentence, with its verb."""
        if len(self.states) == 1:
            return f"{self.first.name} {verb}"
        return f"the mappings of {self.topics} {plural}"

    @property
    def topics(self) -> str:
        """Their topics; a mapping whose topics Lambda leaves out goes by its UUID where there are several."""
        names: list[str] = []
        for state in self.states:
            names += state.topics or [state.id]
        return listed(names)

    def text(self, meaning: Meaning) -> str:
        """What it means."""
        return meaning.meaning.format(topic=self._named_topics())

    def remedy(self, meaning: Meaning) -> str:
        """What to do: first about the other findings, then about the first mapping, then about the others."""
        remedy = meaning.remedy.format(**self._names())
        others = [", ".join(state.topics) or state.id for state in self.states[1:]]
        if others:
            remedy += f" (likewise for {listed(others)})"
        first = sorted(meaning.related & set(self.errors))
        if not first:
            return remedy
        return f"fix {' and '.join(first)} above first; then {remedy}"

    def _named_topics(self) -> str:
        if len(self.states) == 1 and not self.first.topics:
            return "its topic"
        return self.topics

    def _names(self) -> dict[str, str]:
        state = self.first
        enable = f"aws lambda update-event-source-mapping --uuid {state.id} --enabled"
        if len(state.topics) == 1:
            enable = f"mskv mapping enable {state.topics[0]}"
        return {
            "topic": ", ".join(state.topics) or "its topic",
            "group": state.group,
            "uuid": state.id,
            "function": self.function or "FORWARDER",
            "enable": enable,
        }


def report_findings(
    states: Sequence[MappingState] | None, function: str, errors: Collection[Code]
) -> Iterator[NetworkFinding]:
    """The mappings' last results, why they were changed last, and their states; None where Lambda did not answer."""
    if states == []:
        text = "no event source mapping leads from the cluster to the forwarder"
        yield _finding("mapping-failing", "error", text, "check the stack's events")
    for alike in _same(states or (), lambda state: (state.result, _severity_of_result(state))):
        yield from _of_result(_Alike(alike, function, errors))
    for alike in _same(states or (), lambda state: (state.state, state.reason)):
        yield from _of_state(_Alike(alike, function, errors))


def _same(states: Iterable[MappingState], kind: Callable[[MappingState], object]) -> list[list[MappingState]]:
    kinds: dict[object, list[MappingState]] = {}
    for state in states:
        kinds.setdefault(kind(state), []).append(state)
    return list(kinds.values())


def _of_result(alike: _Alike) -> Iterator[NetworkFinding]:
    result = meaning_of_result(alike.first.result)
    if result:
        subject = alike.subject("reports", "report")
        text = f"{subject} of the last run: {alike.first.result} ({result.meaning})"
        yield _finding("mapping-failing", _severity_of_result(alike.first), text, alike.remedy(result))


def _severity_of_result(state: MappingState) -> Severity:
    if state.state == "Enabled":
        return "error"
    # The result of a mapping that is off is an old one.
    return "warning"


def _of_state(alike: _Alike) -> Iterator[NetworkFinding]:
    state, reason = alike.first.state, meaning_of_reason(alike.first.reason)
    if reason and state not in _IN_TRANSITION:
        text = f"{alike.subject('is', 'are')} {state} with {alike.first.reason}: {alike.text(reason)}"
        yield _finding("mapping-failing", reason.severity, text, alike.remedy(reason))
    elif state != "Enabled":
        yield _not_enabled(alike)


def _not_enabled(alike: _Alike) -> NetworkFinding:
    state, reason = alike.first.state, alike.first.reason
    meaning = STATES.get(state, UNKNOWN._replace(severity="warning"))
    code: Code = "mapping-changing" if state in _IN_TRANSITION else "mapping-off"
    label = f"{alike.subject('is', 'are')} {state}"
    if reason:
        label += f" ({reason})"
    return _finding(code, meaning.severity, f"{label}: {alike.text(meaning)}", alike.remedy(meaning))


def _finding(code: Code, severity: Severity, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(severity=severity, code=code, source=POLLERS, target=_FORWARDER, text=text, remedy=remedy)
