"""``python -m local.console --run FOLDER --port PORT``: serve the page of a running system until SIGTERM."""

import argparse
import sys
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from local.aws.functions import Function
from local.console.app import MATRIX, PROBES, console
from local.system import System


def main() -> int:
    """Returns the exit status: 1 when nothing runs there."""
    parser = argparse.ArgumentParser(
        prog="python -m local.console", description="Serve the console of a running local system until SIGTERM."
    )
    parser.add_argument("--run", type=Path, required=True, help="folder of the running system")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    arguments = parser.parse_args()
    system = System.open(arguments.run)
    if system is None:
        print(f"no local system is running in {arguments.run}", file=sys.stderr)
        return 1

    @cache
    def function(logical_id: str) -> Function:
        return system.function(logical_id)

    def invoke(logical_id: str, event: dict[str, Any]) -> Any:
        return function(logical_id).invoke(event)

    for logical_id in (MATRIX, *PROBES):
        function(logical_id)  # made here: boto3's session must not make two clients at once
    web.run_app(console(invoke), host="127.0.0.1", port=arguments.port, access_log=None, print=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
