"""Run the stand-in as a process: ``python -m local.vantiq --host 127.0.0.1 --port 0 --token-file F``.

It prints one line of JSON when it is ready (``{"url": ..., "port": ...}``) and ends within two seconds
after SIGTERM or SIGINT.
"""

import argparse
import asyncio
import signal
from pathlib import Path

import msgspec

from local.vantiq.access import read_or_make_token
from local.vantiq.app import VantiqStandIn
from local.vantiq.settings import StandInSettings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.vantiq", description="A stand-in for Vantiq.")
    parser.add_argument("--host", action="append", help="address to listen on (repeatable)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 picks a free port")
    parser.add_argument("--token-file", type=Path, required=True, help="file with the access token; created if missing")
    parser.add_argument("--cert", type=Path, help="certificate (PEM); enables HTTPS")
    parser.add_argument("--key", type=Path, help="private key of the certificate (PEM)")
    parser.add_argument("--journal", type=Path, help="file for accepted events; appended to if it exists")
    parser.add_argument(
        "--define",
        type=Path,
        help='definitions to create, JSON: {"topics": [{"name": "/a", "autoUnwind": true}], "types": ...}',
    )
    parser.add_argument(
        "--not-found-status", type=int, choices=(400, 404), default=400, help="status for missing instances"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed for faults with a probability")
    parser.add_argument(
        "--kafka",
        type=Path,
        nargs=2,
        metavar=("JARS", "JAVA_HOME"),
        help="Kafka's JAR files and a Java home; enables sources of type KAFKA",
    )
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings = StandInSettings(
        hosts=tuple(options.host or ("127.0.0.1",)),
        port=options.port,
        token=read_or_make_token(options.token_file),
        token_file=options.token_file,
        cert=options.cert,
        key=options.key,
        journal=options.journal,
        not_found_status=options.not_found_status,
        seed=options.seed,
    )
    if options.kafka:
        settings = settings._replace(kafka=tuple(options.kafka))
    vantiq = VantiqStandIn(settings)
    if options.define is not None:
        for kind, definitions in msgspec.json.decode(options.define.read_bytes()).items():
            for definition in definitions:
                vantiq.define(kind, definition)
    async with vantiq:
        print(msgspec.json.encode({"url": vantiq.url, "port": vantiq.port}).decode(), flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
