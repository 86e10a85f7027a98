"""Texts of topics.yaml with something wrong in them."""

import json
import random
import tempfile
from pathlib import Path

from msk_toolkit.topics.declaration import read_declaration

from tests.fuzz.functions import ROOT
from tests.fuzz.values import changed, changed_text

_COMMON = "common: &common {retention.ms: 7d, cleanup.policy: compact}\n"
_TEXTS = (
    "defaults: {partitions: 6, replication_factor: 3, config: {min.insync.replicas: 2}}\ntopics:\n  - name: a\n",
    f"{_COMMON}topics:\n  - {{name: a, partitions: 1, replication_factor: 1, config: *common}}\n  - *common\n",
    "topics:\n  - name: a\n    partitions: 12\n    replication_factor: 3\n    config:\n      segment.bytes: 512MiB\n"
    "      retention.ms: 1d12h\n      retention.bytes: unlimited\n      x: 0.50\n      y: 2026-01-01\n"
    "    protected: yes\n",
)
_DOCUMENT = {
    "defaults": {"partitions": 6, "replication_factor": 3, "config": {"retention.ms": "7d", "k": 0.5}},
    "topics": [
        {"name": "orders", "config": {"segment.bytes": "1GiB"}, "description": "d", "protected": True},
        {"name": "b", "partitions": "12", "config": {"cleanup.policy": None, "max.message.bytes": 1_048_588}},
    ],
}


class TopicFiles:
    """See :class:`tests.fuzz.frame.FuzzTarget`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="topic-files-")
        self._path = Path(self._folder.name) / "topics.yaml"
        self._texts = (*_TEXTS, (ROOT / "topics.yaml").read_text())

    def make(self, chance: random.Random) -> bytes:
        """A file's content: a changed text, or a changed document as JSON, which is YAML."""
        if chance.random() < 0.4:
            return json.dumps(changed(_DOCUMENT, chance), ensure_ascii=chance.random() < 0.5).encode(errors="replace")
        octets = changed_text(chance.choice(self._texts), chance).encode()
        return octets + b"\xff" if chance.random() < 0.02 else octets

    def play(self, given: bytes) -> str:
        """Read the file."""
        self._path.write_bytes(given)
        topics = read_declaration(self._path)
        for topic in topics:
            f"{topic}".encode()
        return "read"
