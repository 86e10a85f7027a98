"""A page of another origin in a real browser: what it can send to a port of this machine, and what it reads."""

import http.server
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Error, Page

# A name that leads to this machine, as after DNS rebinding.
REBOUND = "rebound.test"
RESOLVER = f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"

# A planned fault of the stand-in fails one request of this address: a request that gets through uses it up.
TRAP = "/api/v1/resources/trap"
# Addresses that tell or do something where a guard is missing; each is tried on every port.
PATHS = (
    "/",
    "/api/state",
    "/api/act/vantiq-stop",
    "/standin/journal",
    "/standin/stats",
    "/standin/reset",
    "/standin/faults",
    "/standin/rotate-token",
    "/api/v1/resources/topics",
    "/authenticate",
    TRAP,
    "/_ministack/reset",
    "/_ministack/ready",
    "/2015-03-31/functions/",
    "/?Action=GetSecretValue",
)
WEB_SOCKETS = ("/", "/api/v1/wsock/websocket")
# What a form may send across origins without a question: text that is also JSON, or a call of AWS's query protocol.
TEXTS = ('{"action":"status","status":503}', "Action=DeleteTopic&TopicArn=x", "GET / HTTP/1.0")
_ALLOWED_MS = 4_000

# Sends each kind of request that a page can send to each address; answers what it could read.
TRY_EVERYTHING = """async ({origins, paths, sockets, texts, limit}) => {
  const read = [];
  const note = (what, url, got) => read.push(`${what} ${url}: ${String(got).slice(0, 200)}`);
  const ended = work => Promise.race([work, new Promise(go => setTimeout(go, limit))]);
  const fetched = async (what, url, options) => {
    try {
      const response = await fetch(url, {...options, signal: AbortSignal.timeout(limit)});
      if (response.type !== "opaque") note(what, url, `${response.status} ${await response.text()}`);
    } catch {}
  };
  const loaded = (tag, url) => new Promise(go => {
    const element = document.createElement(tag);
    element.onload = () => { note(tag, url, element.naturalWidth ?? "loaded"); go(); };
    element.onerror = go;
    element.src = url;
    document.body.append(element);
  });
  const framed = url => new Promise(go => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      try { note("frame", url, frame.contentDocument.body.innerText); } catch {}
      go();
    };
    frame.src = url;
    document.body.append(frame);
  });
  const posted = (url, text) => new Promise(go => {
    const frame = document.createElement("iframe"), form = document.createElement("form");
    frame.name = `frame${Math.random()}`;
    frame.onload = go;
    document.body.append(frame);
    Object.assign(form, {method: "post", enctype: "text/plain", action: url, target: frame.name});
    const field = document.createElement("input");
    [field.name, field.value] = [text.slice(0, -1), text.slice(-1)];
    form.append(field);
    document.body.append(form);
    form.submit();
  });
  const talked = url => new Promise(go => {
    const socket = new WebSocket(url);
    socket.onopen = () => { note("web socket", url, "open"); socket.close(); };
    socket.onmessage = message => note("web socket", url, message.data);
    socket.onclose = go;
  });
  const tried = origin => {
    const until = [];
    for (const path of paths) {
      const url = origin + path;
      until.push(fetched("fetch", url, {credentials: "include"}));
      until.push(fetched("fetch, no-cors", url, {mode: "no-cors", credentials: "include"}));
      until.push(fetched("PUT", url, {method: "PUT", headers: {"Content-Type": "application/json"}, body: "{}"}));
      for (const text of texts)
        until.push(fetched("POST, no-cors", url, {mode: "no-cors", method: "POST", body: text}));
      until.push(ended(posted(url, texts[0])), ended(framed(url)));
      until.push(ended(loaded("img", url)), ended(loaded("script", url)));
    }
    for (const path of sockets) until.push(ended(talked(origin.replace("http", "ws") + path)));
    return Promise.all(until);
  };
  while (origins.length) {
    await Promise.all(origins.splice(0, 8).map(tried));
    document.body.replaceChildren();
  }
  return read;
}"""


# For the browser these requests stay within one origin, so it withholds nothing; answers everything but refusals.
TRY_REBOUND = """async ({paths, limit}) => {
  const read = [];
  for (const path of paths)
    for (const options of [{}, {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"}])
      try {
        const response = await fetch(path, {...options, signal: AbortSignal.timeout(limit)});
        if (response.status !== 403) read.push(`${response.url}: ${response.status} ${await response.text()}`);
      } catch {}
  return read;
}"""


class _Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>another page</title><body></body>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def foreign_page(browser: Browser) -> Iterator[Page]:
    """A page of another port of this machine, for whom the browser trusts every certificate: it could not be nearer."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = browser.new_context(ignore_https_errors=True)
        try:
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            yield page
        finally:
            context.close()
            server.shutdown()


def try_everything(page: Page, ports: Sequence[int], paths: Sequence[str] = PATHS) -> list[str]:
    """Send every kind of request to every port, with and without TLS; returns what the page could read."""
    asked = {
        "origins": _origins("127.0.0.1", ports),
        "paths": paths,
        "sockets": WEB_SOCKETS,
        "texts": TEXTS,
        "limit": _ALLOWED_MS,
    }
    read: list[str] = page.evaluate(TRY_EVERYTHING, asked)
    return read


def try_rebound(browser: Browser, ports: Sequence[int]) -> list[str]:
    """Open every port under a foreign name, and ask it for everything; returns what was read, but for refusals."""
    read: list[str] = []
    context = browser.new_context(ignore_https_errors=True)
    try:
        page = context.new_page()
        for origin in _origins(REBOUND, ports):
            try:
                page.goto(origin, timeout=_ALLOWED_MS)
            except Error:
                continue  # It speaks no HTTP.
            read += page.evaluate(TRY_REBOUND, {"paths": PATHS, "limit": _ALLOWED_MS})
    finally:
        context.close()
    return read


def _origins(host: str, ports: Sequence[int]) -> list[str]:
    origins = []
    for port in ports:
        origins += [f"http://{host}:{port}", f"https://{host}:{port}"]
    return origins
