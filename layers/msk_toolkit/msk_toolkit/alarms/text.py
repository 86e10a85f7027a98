"""Texts that a mail may hold: printable, bounded, and in lines that fit a phone."""

import re
import textwrap
import unicodedata
from datetime import UTC, datetime

WIDTH = 96
# SNS takes subjects of up to 100 ASCII characters without line breaks or control characters.
SUBJECT = 100
# SNS takes 256 KB; nobody reads more than this.
LONGEST_TEXT = 16_000
LONGEST_SENTENCE = 600
_CUT = " ..."
_ADDRESS = re.compile(r" \([^() ]+:\d+\)")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def plain(text: str, longest: int = LONGEST_SENTENCE) -> str:
    """The text in one line, without control and formatting characters, cut at ``longest`` characters."""
    visible = "".join(" " if _is_invisible(character) else character for character in text)
    return cut(" ".join(visible.split()), longest)


def cut(text: str, longest: int) -> str:
    """At most ``longest`` characters, with an ellipsis where something is missing."""
    if len(text) <= longest:
        return text
    return text[: longest - len(_CUT)].rstrip() + _CUT


def subject_line(text: str) -> str:
    """The text as SNS takes it for a subject."""
    ascii_only = "".join(character if character.isascii() else "?" for character in plain(text))
    return cut(ascii_only, SUBJECT) or "Alarm"


def short(sentence: str) -> str:
    """A sentence for a subject: without addresses, which are long and in the text, and without its full stop."""
    return _ADDRESS.sub("", plain(sentence)).removesuffix(".")


def paragraph(label: str, text: str, width: int = 8) -> list[str]:
    """Lines that begin with a label, and go on below the text; a word that is longer than a line stays whole."""
    return textwrap.wrap(
        plain(text),
        WIDTH,
        initial_indent=label.ljust(width),
        subsequent_indent=" " * width,
        break_long_words=False,
        break_on_hyphens=False,
    )


def moment(seconds: float) -> str:
    """A time for people: 2026-11-28 02:51:07 UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(seconds: float) -> str:
    """A time for programs: 2026-11-28T02:51:07Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def counted(number: int, noun: str) -> str:
    """1 record, 2 records."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A length of time for people: 45 s, 6 min, 3 h 20 min, 2 d 4 h."""
    whole = max(0, round(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def _is_invisible(character: str) -> bool:
    """Control, formatting (also of the writing direction), private and unassigned characters; lone surrogates."""
    return unicodedata.category(character).startswith("C")
