"""What a person should know about a cluster, a clear line for each finding, all of them reported together."""

from typing import Literal

import msgspec

ConfigurationSeverity = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True):
    """Something that a person should know, and what to do about it.

    ``error`` keeps something from working, ``warning`` may, ``note`` is worth knowing.
    """

    severity: ConfigurationSeverity
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.subject}: {self.text}"
