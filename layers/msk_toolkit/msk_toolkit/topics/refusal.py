"""Why a declared topic can't be had, and what to do instead."""

from typing import Literal

import msgspec

Reason = Literal["fewer-partitions", "replication-factor", "not-readable", "not-offered"]


class Refusal(msgspec.Struct, frozen=True, rename="camel"):
    """One reason: its kind, a sentence for a person, and the way out."""

    kind: Reason
    reason: str
    way_out: str
