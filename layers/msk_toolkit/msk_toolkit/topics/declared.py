"""A topic as the user wants it."""

import msgspec


class DeclaredTopic(msgspec.Struct, frozen=True):
    """One topic as declared; ``config`` is text in Kafka's own units, and ``protected`` keeps it from deletion."""

    name: str
    partitions: int
    replication_factor: int
    config: dict[str, str] = {}
    description: str = ""
    protected: bool = False
