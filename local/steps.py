"""A run as a list of named steps, each with its result and its time, printed as they happen."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.table import Table

from local.pulse import Pulse

_MARKS = {True: "[green]ok[/green]", False: "[red]FAILED[/red]"}


class StepResult(msgspec.Struct):
    """One step; ``result`` is a short sentence, ``seconds`` what it took."""

    name: str
    result: str = ""
    ok: bool = True
    seconds: float = 0.0


class Steps:
    """Runs steps one after another; ``console`` shows each when it begins, and how it ended."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.results: list[StepResult] = []
        self._activity: Callable[[], str] = str
        self._pulse = Pulse(console, lambda: self._activity())

    @property
    def ok(self) -> bool:
        """Whether every step so far reached what it was for."""
        return all(result.ok for result in self.results)

    @contextmanager
    def step(self, name: str) -> Iterator[StepResult]:
        """Begin a step; its caller may set ``result`` and ``ok``. An exception ends it as failed and goes on."""
        current = StepResult(name)
        self._activity = lambda: name
        self._pulse = Pulse(self.console, lambda: self._activity())
        self.results.append(current)
        self.console.print(f"[bold]> {name}[/bold]")
        began = time.monotonic()
        try:
            with self._pulse.running():
                yield current
        except BaseException as error:
            current.ok = False
            current.result = current.result or f"failed: {type(error).__name__}"
            raise
        finally:
            current.seconds = round(time.monotonic() - began, 1)
            summary = ": ".join(filter(None, [_MARKS[current.ok], current.result]))
            self.console.print(f"  {summary} [dim]({current.seconds:.1f} s)[/dim]")

    def doing(self, activity: Callable[[], str]) -> None:
        """What the current step does or waits for, as it is said when the step takes long."""
        self._activity = activity

    def say(self, text: str) -> None:
        """A detail of the current step."""
        self._activity = lambda: text
        self._pulse.printed()
        self.console.print(f"  {text}", style="dim", markup=False, highlight=False, soft_wrap=True)

    def table(self) -> Table:
        """Every step, its result and its time."""
        table = Table(title="Summary", title_justify="left")
        table.add_column("step")
        table.add_column("")
        table.add_column("result")
        table.add_column("seconds", justify="right")
        for step in self.results:
            table.add_row(step.name, _MARKS[step.ok], step.result, f"{step.seconds:.1f}")
        table.add_section()
        table.add_row("total", "", "", f"{sum(step.seconds for step in self.results):.1f}")
        return table
