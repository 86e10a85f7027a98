"""Settings that have a new name: the old one is read for one more release, with a warning in the log."""

import functools
import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_logger = logging.getLogger(__name__)


class Renamed(NamedTuple):
    """The name that replaces an old one, and the version that no longer reads the old one."""

    name: str
    removed_in: str


RENAMED: Mapping[str, Renamed] = {
    "LANES": Renamed("MAX_IN_FLIGHT", "0.4.0"),
    "RECORDS_PER_POST": Renamed("MAX_BATCH_RECORDS", "0.4.0"),
    "REFUSALS_ARE_AN_OUTAGE_AFTER": Renamed("MAX_CONSECUTIVE_REFUSALS", "0.4.0"),
}
_OLD_NAMES = {renamed.name: old for old, renamed in RENAMED.items()}


def texts_by_current_name(names: Iterable[str], given: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """The texts of these settings that are not empty, also where ``given`` has them under their old names.

    The first use of an old name in an execution environment is logged as a warning.

    Args:
        names: current names of settings.
        problems: gets a sentence for each setting that is given under both names.
    """
    texts = {name: _text(name, given, problems) for name in names}
    return {name: text for name, text in texts.items() if text}


def _text(name: str, given: Mapping[str, str], problems: list[str]) -> str:
    text = given.get(name, "").strip()
    old = _OLD_NAMES.get(name, "")
    old_text = given.get(old, "").strip()
    if not old_text:
        return text
    if text:
        problems.append(f"{old} is the old name of {name}, and both are set: remove {old}")
        return text
    warn_once(old)
    return old_text


@functools.cache
def warn_once(old: str) -> None:
    """Log that a setting has a new name; later calls in the same process do nothing."""
    renamed = RENAMED[old]
    _logger.warning("%s was renamed to %s; the old name works until version %s", old, renamed.name, renamed.removed_in)
