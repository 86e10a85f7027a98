"""How many requests came, how they were answered, and how many were under way at once."""

import contextlib
from collections import Counter
from collections.abc import Iterator


class Stats:
    """Counts of answers by status, or by what was done instead (``reset``, ``hang``, ``half_answer``, ...)."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.clear()

    def clear(self) -> None:
        """Reset the counts; what is under way stays so."""
        self.requests = 0
        self.answers: Counter[str] = Counter()
        self.most_in_flight = self.in_flight

    def answered(self, outcome: str) -> None:
        """Count one answer."""
        self.answers[outcome] += 1

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Count one request while it is under way."""
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1
