"""The result of several seeds, as a table and as JSON."""

from collections import Counter
from collections.abc import Sequence

from tests.chaos.run import Outcome
from tests.chaos.schedule import KINDS

LEAST_RATIO = 0.4
_COUNTS = ("written", "acknowledged", "arrived", "duplicates", "lost", "altered", "out_of_order", "foreign")
_COUNTED_APART = ("unacknowledged", "unacknowledged_arrived", "aborted", "aborted_arrived", "kafka_gave_up")


def is_clean(outcomes: Sequence[Outcome]) -> bool:
    """Whether no seed has lost, altered, reordered or mixed up anything."""
    return bool(outcomes) and all(outcome.clean for outcome in outcomes)


def ratio(outcomes: Sequence[Outcome]) -> float:
    """The mean rate under chaos as a share of the quiet system's."""
    quiet = sum(outcome.quiet_rate for outcome in outcomes)
    return sum(outcome.chaos_rate for outcome in outcomes) / quiet if quiet else 0.0


def text_of(outcomes: Sequence[Outcome]) -> str:
    """What a person reads."""
    return "\n".join([*_seeds(outcomes), "", *_sums(outcomes), "", *_acts(outcomes), "", *_faults(outcomes)])


def _seeds(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["seed  records  arrived  duplicates  lost  altered  out of order  foreign  letters left  quiet/s  chaos/s"]
    for outcome in outcomes:
        counted = outcome.account
        lines.append(
            f"{outcome.seed:>4}  {counted.written:>7}  {counted.arrived:>7}  {counted.duplicates:>10}  "
            f"{counted.lost:>4}  {counted.altered:>7}  {counted.out_of_order:>12}  {counted.foreign:>7}  "
            f"{outcome.letters_left:>12}  {outcome.quiet_rate:>7.0f}  {outcome.chaos_rate:>7.0f}"
        )
        lines += [f"      {complaint}" for complaint in outcome.complaints]
        for kind, examples in counted.examples.items():
            lines += [f"      {kind}: {example}" for example in examples]
    return lines


def _sums(outcomes: Sequence[Outcome]) -> list[str]:
    sums = Counter[str]()
    for outcome in outcomes:
        sums.update({name: getattr(outcome.account, name) for name in (*_COUNTS, *_COUNTED_APART)})
    lines = [f"{sums[name]:>9,}  {name.replace('_', ' ')}" for name in (*_COUNTS, *_COUNTED_APART)]
    replayed = sum(outcome.letters_replayed for outcome in outcomes)
    lines.append(f"{replayed:>9,}  letters replayed at the end")
    lines.append(f"{ratio(outcomes):>9.2f}  rate under chaos / quiet rate, in the same run (at least {LEAST_RATIO})")
    lines.append(f"{sum(outcome.seconds for outcome in outcomes) / 60:>9.1f}  minutes")
    return lines


def _acts(outcomes: Sequence[Outcome]) -> list[str]:
    done, failed = Counter[str](), Counter[str]()
    for outcome in outcomes:
        done.update(outcome.acts)
        failed.update(outcome.failed_acts)
    lines = [f"{done[kind]:>5} {failed[kind]:>7}  {kind}" for kind in KINDS]
    return [" done  failed  act of the adversary", *lines]


def _faults(outcomes: Sequence[Outcome]) -> list[str]:
    played = Counter[str]()
    for outcome in outcomes:
        played.update(outcome.faults_played)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(played.items()))
    return [f"Vantiq's faults since its last start: {listed}"]
