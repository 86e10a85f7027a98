"""The project's own Python: programs of this folder run in it, whichever Python they are typed with.

Older Pythons read this file, too: it has only what Python 3.8 knows.
"""

import importlib.util
import os
import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent
_VERSION = (3, 13)
_LIBRARIES = ("botocore", "msgspec", "msk_toolkit", "rich")
_ENTERED = "MSK_TOOLKIT_PYTHON_ENTERED"


def use_the_projects_python(module: str) -> None:
    """Start a module again with the Python of ``.venv`` where this one lacks what it needs.

    Ends with one sentence where that Python is not there.

    Args:
        module: as ``python -m`` names it.
    """
    lacking = [library for library in _LIBRARIES if importlib.util.find_spec(library) is None]
    if sys.version_info >= _VERSION and not lacking:
        return
    python = _CHECKOUT / ".venv" / "bin" / "python"
    if os.environ.get(_ENTERED) or not os.access(python, os.X_OK):
        sys.exit(f"python -m {module}: the project's Python is not ready; `make up` prepares it in .venv")
    os.environ[_ENTERED] = "1"
    os.execv(python, [str(python), "-m", module, *sys.argv[1:]])  # noqa: S606 - the project's own
