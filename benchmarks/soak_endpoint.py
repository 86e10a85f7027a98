"""AWS and Vantiq as far as the functions ask them in a soak: ``python -m benchmarks.soak_endpoint LOGIN``.

Over HTTP on loopback, in a process of its own; it prints its port and serves until its input ends. Objects of S3 are
kept and never deleted, so that every invocation sees the same. A record that says ``poison`` is refused; all others are
acknowledged.
"""

import asyncio
import json
import sys
import time
from html import escape
from urllib.parse import unquote

from aiohttp import web

LOGIN = "scram"
_XML = "application/xml"
# CloudWatch's: an empty map.
_EMPTY_CBOR = b"\xa0"
_CBOR = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
_VERDICT = {"status": "healthy", "summary": "all 3 brokers pass every stage"}
_STAGES = [{"stage": stage, "status": "ok", "milliseconds": 3.0} for stage in ("dns", "tcp", "tls", "sasl", "metadata")]
_CLUSTER = {"clusterName": "soak", "clusterType": "PROVISIONED", "state": "ACTIVE"}
_APPLIED = {"status": "SUCCESS", "reason": "2 created", "created": 2, "changed": 0, "excused": False}


class Endpoint:
    """The answers; ``login`` is what the secret of the brokers holds."""

    def __init__(self, login: str) -> None:
        self._login = login
        self._objects: dict[str, bytes] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """Tell the services apart by what their requests look like."""
        body = await request.read()
        if request.headers.get("smithy-protocol"):
            # CloudWatch, in CBOR: an empty map.
            return web.Response(
                body=b"\xa0", headers={"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
            )
        target = request.headers.get("X-Amz-Target", "")
        if target:
            return _json(self._of_target(target.rpartition(".")[2], json.loads(body)))
        if b"Action=" in body[:200] and request.path == "/":
            return _query(body)
        path = unquote(request.path)
        if path.startswith("/2015-03-31/"):
            return _json(_APPLIED if path.endswith("/invocations") else {"EventSourceMappings": []})
        if path.startswith(("/v1/clusters", "/api/v2/clusters")):
            return _json(_of_msk(path))
        if path.startswith("/api/v1/"):
            return _of_vantiq(request, body)
        return self._of_s3(request, path, body)

    def _of_target(self, operation: str, request: dict[str, str]) -> object:
        match operation:
            case "GetSecretValue":
                text = self._login if LOGIN in request["SecretId"] else "a-token"
                return {"ARN": request["SecretId"], "Name": "secret", "SecretString": text}
            case "FilterLogEvents":
                return {"events": [{"timestamp": int(time.time() * 1000) - 60_000, "message": json.dumps(_log_line())}]}
        return {}

    def _of_s3(self, request: web.Request, path: str, body: bytes) -> web.Response:
        key = path.lstrip("/").partition("/")[2]
        if request.method == "PUT":
            self._objects[key] = body
        elif request.method == "GET" and "list-type" in request.query:
            return self._listed(request.query.get("prefix", ""))
        elif request.method in ("GET", "HEAD"):
            if key not in self._objects:
                return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>", content_type=_XML)
            return web.Response(body=self._objects[key], headers={"ETag": '"e"'})
        return web.Response(status=204 if request.method == "DELETE" else 200, headers={"ETag": '"e"'})

    def _listed(self, prefix: str) -> web.Response:
        contents = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>e</ETag>"
            "<LastModified>2026-11-28T00:00:00.000Z</LastModified></Contents>"
            for key, body in self._objects.items()
            if key.startswith(prefix)
        ]
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(contents)}</ListBucketResult>"
        return web.Response(text=text, content_type=_XML)


def _json(answer: object) -> web.Response:
    return web.json_response(answer)


def _query(body: bytes) -> web.Response:
    action = body.partition(b"Action=")[2].partition(b"&")[0].decode()
    return web.Response(text=f"<{action}Response><{action}Result/></{action}Response>", content_type="text/xml")


def _of_msk(path: str) -> object:
    if path.endswith("/bootstrap-brokers"):
        return {"BootstrapBrokerStringSaslScram": "127.0.0.1:1"}
    return {"ClusterInfo": _CLUSTER, "clusterInfo": _CLUSTER}


def _of_vantiq(request: web.Request, body: bytes) -> web.Response:
    if b"poison" in body:
        refusal = [{"code": "io.vantiq.value.invalid", "message": "refused", "params": []}]
        return web.json_response(refusal, status=400)
    if request.method == "GET":
        # A topic's name begins with a slash.
        name = unquote(request.path).partition("/resources/")[2].partition("/")[2]
        return _json({"name": name, "isReliable": True, "autoUnwind": True})
    return _json({})


def _log_line() -> object:
    brokers = [{"broker": number, "address": f"b-{number}:9096", "stages": _STAGES} for number in (1, 2, 3)]
    return {"message": _VERDICT["summary"], "verdict": _VERDICT, "brokers": brokers}


async def _serve() -> None:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", Endpoint(sys.argv[1]).answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve())
