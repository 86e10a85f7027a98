#!/usr/bin/env bash
# tinyproxy (1.11.1, Debian 12) asks a client without credentials for them with 407 Proxy Authentication Required, as
# RFC 9110 section 15.5.8 says, but answers wrong ones with 401 Unauthorized, which is the origin server's status. A
# client that looks for 407 alone takes a mistyped or rotated proxy password for a refused token of the server behind.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${proxy:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
# Debian's package, unpacked and not installed.
apt-get -qq download tinyproxy-bin=1.11.1-2.1+deb12u1 2>/dev/null
dpkg-deb -x tinyproxy-bin_*.deb .
port=$("${PYTHON:-python3}" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' "Port $port" "Listen 127.0.0.1" "Timeout 10" "MaxClients 5" "BasicAuth user right" "ConnectPort 443" >tinyproxy.conf
usr/bin/tinyproxy -d -c tinyproxy.conf >/dev/null 2>&1 &
proxy=$!
timeout 60 "${PYTHON:-python3}" - "$port" "$(usr/bin/tinyproxy -v)" <<'PYTHON'
import base64
import socket
import sys
import time

port, version = int(sys.argv[1]), sys.argv[2]


def status(credentials):
    """What CONNECT is answered with."""
    head = "CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n"
    if credentials:
        head += f"Proxy-Authorization: Basic {base64.b64encode(credentials.encode()).decode()}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"{head}\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        break
    except OSError:
        time.sleep(0.1)
without, wrong = status(""), status("user:wrong")
print(f"{version}: without credentials {without}, with wrong ones {wrong}")
sys.exit(0 if (without, wrong) == (407, 401) else "tinyproxy answers otherwise now")
PYTHON
