"""A move of a group's offsets as a table that a person reads."""

from collections.abc import Iterator, Sequence

from msk_toolkit.offsets.request import PartitionMove

_HEAD = ("PARTITION", "COMMITTED", "NEW", "FIRST", "END", "AGAIN", "SKIPPED")


def render_moves(group: str, topic: str, moves: Sequence[PartitionMove], problems: Sequence[str], ending: str) -> str:
    """A row for each partition, each problem, and one line that sums it up."""
    rows = [_HEAD, *map(_row, moves)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, *_problem_lines(problems), f"{_sum(moves)} Group {group} on {topic}: {ending}."])


def _row(move: PartitionMove) -> tuple[str, ...]:
    committed = "-" if move.committed is None else f"{move.committed}"
    numbers = (move.target, move.first, move.end, move.repeated, move.skipped)
    return (f"{move.partition}", committed, *map(str, numbers))


def _problem_lines(problems: Sequence[str]) -> Iterator[str]:
    yield from (f"! {problem}" for problem in problems)


def _sum(moves: Sequence[PartitionMove]) -> str:
    repeated, skipped = sum(move.repeated for move in moves), sum(move.skipped for move in moves)
    lost = ", which are never forwarded" if skipped else ""
    return f"{repeated:,} records are read again, {skipped:,} are skipped{lost}."
