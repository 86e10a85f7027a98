"""Why a declared topic is refused, and what to do instead."""

from typing import Literal

import msgspec

Reason = Literal["fewer-partitions", "replication-factor", "not-readable", "not-offered"]


class Refusal(msgspec.Struct, frozen=True, rename="camel"):
    """One reason: its kind, a sentence for a person, and what to do instead (``wayOut``)."""

    kind: Reason
    reason: str
    alternative: str = msgspec.field(name="wayOut")
