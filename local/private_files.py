"""Files that only their owner may read."""

from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a file that holds a secret."""
    path.touch(mode=0o600)
    path.write_bytes(content)
