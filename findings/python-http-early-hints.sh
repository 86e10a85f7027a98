#!/usr/bin/env bash
# Python's http.client (3.13) skips an informational response only if it is 100: a 102 or 103 (RFC 9110 section 15.2,
# RFC 8297) is treated as the final response, and the next request on the connection gets the previous answer. A POST
# that was answered 503 then reads as the 200 of its predecessor. requests 2.32.5, which is built on it, hands over the 103.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check requests==2.32.5 urllib3==2.5.0
timeout 60 "$folder/venv/bin/python" - <<'PYTHON'
import http.client
import platform
import socketserver
import sys
import threading
import time

import requests

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
ANSWERS = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for number in range(2):
            length = 0
            line = self.rfile.readline()
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = self.rfile.readline()
            if not line:
                return
            self.rfile.read(length)
            if number == 0:
                self.wfile.write(HINTS)
                time.sleep(0.5)  # the hints come early, that is what they are for
            self.wfile.write(ANSWERS[number])


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_address[1]

connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
seen = []
for body in (b"first", b"second"):
    connection.request("POST", "/", body)
    response = connection.getresponse()
    response.read()
    seen.append(response.status)
by_requests = requests.post(f"http://127.0.0.1:{port}/", data=b"first", timeout=10).status_code
print(f"sent: 103 and 200, then 503; http.client of Python {platform.python_version()}: {seen}; requests: {by_requests}")
sys.exit(0 if seen == [103, 200] and by_requests == 103 else "Python reads informational answers otherwise now")
PYTHON
