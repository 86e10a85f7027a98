"""What doesn't fit, one clear line each; they are collected, so that all of them are told at once."""

from typing import Literal

import msgspec

ConfigurationSeverity = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that a person should know, and what to do about it.

    ``error`` keeps something from working, ``warning`` may, ``note`` is worth knowing.
    """

    severity: ConfigurationSeverity
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.subject}: {self.text}"
