"""Where uv is, which installs what can't live in the project's own environment."""

import os
import shutil
from pathlib import Path

# Where make puts uv when the machine has none.
_TOOLS = Path(__file__).parents[1] / ".tools" / "uv" / "bin"


class UvMissingError(Exception):
    """There is no uv."""


def find_uv() -> str:
    """The path of uv.

    Raises:
        UvMissingError: there is none.
    """
    uv = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=_TOOLS)
    if uv is None:
        raise UvMissingError(
            f"uv is missing: it is neither on PATH, nor in {_TOOLS}, nor named by the variable UV; use make"
        )
    return uv
