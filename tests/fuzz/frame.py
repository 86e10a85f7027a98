"""What every fuzz target shares: inputs that a seed and a number make again, and a count of what became of them."""

import random
import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import msgspec
from msk_toolkit.errors import ToolkitError

# An input that takes longer counts as late; of the processor's time, so that other programs make none late.
LONGEST_SECONDS = 1.0
# What does not end by itself is interrupted, and counts as late, too.
_STUCK_SECONDS = 60
# Of each kind.
_MOST_SHOWN = 5
_TRACEBACK_LINES = 6
RAW, BROKEN, LATE = "raw exception", "broken promise", "late"
FAULTS = (RAW, BROKEN, LATE)


class BrokenPromiseError(AssertionError):
    """Something was lost, altered, or taken for something that it is not; the text says what."""


class StuckError(BaseException):
    """An input was interrupted; no ``except Exception`` takes it for its own."""


class FuzzTarget(Protocol):
    """A part of the product that takes in what others wrote."""

    def make(self, chance: random.Random) -> Any:
        """An input."""
        ...

    def play(self, given: Any) -> str:
        """Hand it to the product; the class of what became of it.

        Raises:
            ToolkitError: the product refused it, which is a class by itself.
            BrokenPromiseError: the product did with it what it must not do.
            Exception: anything else is a fault of the product.
        """
        ...


class _Uninterrupted:
    """Leaves the alarm clock of the process alone: in tests it is pytest's."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class _Interrupted:
    """Interrupts what does not end."""

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, _raise_stuck)
        signal.setitimer(signal.ITIMER_REAL, _STUCK_SECONDS)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _raise_stuck(number: int, frame: object) -> None:
    raise StuckError


class Fault(NamedTuple):
    """An input that the product failed at, by its number."""

    number: int
    kind: str
    text: str


class Report(msgspec.Struct):
    """What a run came to; ``peak_megabytes`` is the whole process, that of Python and the tests included."""

    target: str
    seed: int
    inputs: int = 0
    classes: Counter[str] = msgspec.field(default_factory=Counter)
    faults: list[Fault] = []
    slowest_ms: float = 0.0
    slowest: int = -1
    seconds: float = 0.0
    peak_megabytes: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether the product failed at none."""
        return not any(self.classes[kind] for kind in FAULTS)

    def __str__(self) -> str:
        lines = [
            f"{self.target}: {self.inputs:,} inputs, seed {self.seed}, {self.seconds:.0f} s, slowest "
            f"{self.slowest_ms:.1f} ms (number {self.slowest}), peak {self.peak_megabytes:.0f} MB"
        ]
        lines += [f"  {kind}: {self.classes[kind]:,}" for kind in FAULTS]
        lines += [f"  {kind}: {count:,}" for kind, count in self.classes.most_common() if kind not in FAULTS]
        for fault in self.faults:
            lines.append(f"  {fault.kind}, number {fault.number}; again: {self._again(fault.number)}\n    {fault.text}")
        return "\n".join(lines)

    def _again(self, number: int) -> str:
        return f"python -m tests.fuzz {self.target} --seed {self.seed} --only {number}"


def input_of(target: FuzzTarget, seed: int, number: int) -> Any:
    """The same for the same seed and number, in whatever order and however many are made."""
    return target.make(random.Random(f"{seed}/{number}"))  # noqa: S311 - a reproducible choice, not a secret


def run(name: str, target: FuzzTarget, numbers: Iterable[int], *, seed: int, interrupt: bool = False) -> Report:
    """Play the inputs of these numbers; the first faults are kept with their texts, all of them are counted.

    Args:
        interrupt: what does not end by itself is interrupted, by the process's alarm clock.
    """
    report = Report(name, seed)
    limit = _Interrupted() if interrupt else _Uninterrupted()
    began = time.monotonic()
    for number in numbers:
        given = input_of(target, seed, number)
        started = time.process_time()
        kind, text = _played(target, given, limit)
        milliseconds = (time.process_time() - started) * 1000
        if milliseconds > LONGEST_SECONDS * 1000 and kind not in FAULTS:
            kind, text = LATE, f"{milliseconds:.0f} ms, then {kind}"
        _count(report, number, kind, text, milliseconds)
    report.seconds = time.monotonic() - began
    report.peak_megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return report


def _count(report: Report, number: int, kind: str, text: str, milliseconds: float) -> None:
    report.inputs += 1
    report.classes[kind] += 1
    if milliseconds > report.slowest_ms:
        report.slowest_ms, report.slowest = milliseconds, number
    if kind in FAULTS and report.classes[kind] <= _MOST_SHOWN:
        report.faults.append(Fault(number, kind, text))


def _played(target: FuzzTarget, given: Any, limit: _Interrupted | _Uninterrupted) -> tuple[str, str]:
    """The class of an input, and what is to be known of a fault."""
    try:
        with limit:
            return target.play(given), ""
    except ToolkitError as error:
        return _refused(error)
    except BrokenPromiseError as error:
        return BROKEN, str(error)
    except StuckError:
        return LATE, f"interrupted after {_STUCK_SECONDS} s"
    except Exception:  # noqa: BLE001 - what is none of the toolkit's own errors is what is looked for
        return RAW, "\n    ".join(traceback.format_exc().splitlines()[-_TRACEBACK_LINES:])


def _refused(error: ToolkitError) -> tuple[str, str]:
    try:
        str(error).encode()
    except UnicodeEncodeError:
        # No log and no response could hold it.
        return RAW, f"the text of {type(error).__name__} is not valid Unicode"
    return f"refused with {type(error).__name__}", ""
