"""A topic as it is declared."""

import msgspec


class DeclaredTopic(msgspec.Struct, frozen=True, omit_defaults=True):
    """One topic as declared.

    ``config`` is text in Kafka's own units; ``reset`` are the keys that are to have no value of their own on the topic,
    so that the cluster's default applies; ``protected`` keeps it from deletion.
    """

    name: str
    partitions: int
    replication_factor: int
    config: dict[str, str] = {}
    description: str = ""
    protected: bool = False
    reset: tuple[str, ...] = ()
