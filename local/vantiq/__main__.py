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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.vantiq", description="A stand-in for Vantiq.")
    parser.add_argument("--host", action="append", help="address to listen on; repeatable")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token-file", type=Path, required=True, help="read, or written where missing")
    parser.add_argument("--cert", type=Path, help="PEM file; HTTPS when given")
    parser.add_argument("--key", type=Path, help="PEM file of the certificate's key")
    parser.add_argument("--journal", type=Path, help="file for what was accepted, continued where it exists")
    parser.add_argument(
        "--define", type=Path, help='JSON file: {"topics": [{"name": "/a", "autoUnwind": true}], "types": ...}'
    )
    parser.add_argument("--not-found-status", type=int, choices=(400, 404), default=400)
    parser.add_argument("--seed", type=int, default=0, help="of faults with a probability")
    parser.add_argument(
        "--kafka",
        type=Path,
        nargs=2,
        metavar=("JARS", "JAVA_HOME"),
        help="Kafka's jars and the Java for them; with them, sources of type KAFKA really run",
    )
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    vantiq = VantiqStandIn(
        hosts=tuple(options.host or ("127.0.0.1",)),
        port=options.port,
        token=read_or_make_token(options.token_file),
        token_file=options.token_file,
        cert=options.cert,
        key=options.key,
        journal=options.journal,
        not_found_status=options.not_found_status,
        seed=options.seed,
        kafka=tuple(options.kafka) if options.kafka else None,
    )
    if options.define is not None:
        for kind, definitions in msgspec.json.decode(options.define.read_bytes()).items():
            for definition in definitions:
                vantiq.define(kind, definition)
    async with vantiq:
        print(msgspec.json.encode({"url": vantiq.url, "port": vantiq.port}).decode(), flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
