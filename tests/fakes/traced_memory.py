"""The most memory that Python objects take within a block."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


class Traced:
    """``peak`` in bytes, known behind the block."""

    peak = 0


@contextmanager
def traced() -> Iterator[Traced]:
    """Measure a block: ``with traced() as memory``."""
    memory = Traced()
    tracemalloc.start()
    try:
        yield memory
        memory.peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
