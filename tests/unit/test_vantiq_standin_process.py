"""The stand-in as a process, and its control API."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.vantiq import StandInSettings, VantiqStandIn, running_standin
from tests.unit.standin_client import TOPIC, Server, open_socket, send

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def vantiq() -> Iterator[VantiqStandIn]:
    with running_standin() as standin:
        standin.define("topics", {"name": "/orders"})
        yield standin


def control(vantiq: VantiqStandIn, method: str, path: str, body: Any = None) -> Any:
    reply = send(vantiq, path, body, method=method)
    assert reply.status == 200, reply.body
    return reply.json()


def test_the_journal_is_read_in_pages(vantiq: VantiqStandIn) -> None:
    for number in range(5):
        send(vantiq, TOPIC, {"n": number})
    page = control(vantiq, "GET", "/standin/journal?after=2&limit=2")
    assert page["last"] == 5
    assert [(entry["seq"], entry["body"]["n"]) for entry in page["entries"]] == [(3, 2), (4, 3)]
    assert page["entries"][0]["kind"] == "topics"
    assert page["entries"][0]["name"] == "/orders"


def test_faults_are_added_listed_and_cleared(vantiq: VantiqStandIn) -> None:
    control(vantiq, "POST", "/standin/faults", {"action": "status", "status": 503, "times": 2})
    control(vantiq, "POST", "/standin/faults", [{"action": "redirect"}])
    assert send(vantiq, TOPIC, {}).status == 503
    assert len(control(vantiq, "GET", "/standin/faults")) == 2
    control(vantiq, "DELETE", "/standin/faults")
    assert send(vantiq, TOPIC, {}).status == 200
    stats = control(vantiq, "GET", "/standin/stats")
    assert stats["answers"] == {"503": 1, "200": 1}
    assert stats["faults_played"] == {"status": 1}
    assert (stats["accepted"], stats["requests"], stats["most_in_flight"]) == (1, 2, 1)


@pytest.mark.parametrize("fault", [{"action": "burn"}, {"action": "status", "statsu": 500}, {}, 3])
def test_a_wrong_fault_is_refused(vantiq: VantiqStandIn, fault: Any) -> None:
    assert send(vantiq, "/standin/faults", fault).status == 400
    assert vantiq.faults.active() == []


def test_a_reset_forgets_journal_faults_and_statistics(vantiq: VantiqStandIn) -> None:
    send(vantiq, TOPIC, {})
    vantiq.fail("redirect")
    control(vantiq, "POST", "/standin/reset")
    assert send(vantiq, TOPIC, {"n": 1}).status == 200
    assert [(entry.seq, entry.value()) for entry in vantiq.journal.entries()] == [(1, {"n": 1})]
    assert vantiq.stats.requests == 1


@pytest.mark.parametrize("headers", [{"Origin": "http://example.com"}, {"Host": "example.com:80"}])
def test_web_pages_cannot_use_the_control_api(vantiq: VantiqStandIn, headers: dict[str, str]) -> None:
    assert send(vantiq, "/standin/reset", {}, headers=headers).status == 403
    assert send(vantiq, "/standin/journal", method="GET", headers=headers).status == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://example.com"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "a.b"}]
)
def test_a_web_page_uses_up_no_planned_fault_and_is_counted_nowhere(
    vantiq: VantiqStandIn, headers: dict[str, str]
) -> None:
    vantiq.fail("status", status=503, times=1)
    assert send(vantiq, TOPIC, {}, headers=headers).status == 403
    assert send(vantiq, "/api/v1/wsock/websocket", method="GET", headers=headers).status == 403
    assert (len(vantiq.faults.active()), vantiq.stats.requests) == (1, 0)


def test_listens_on_several_hosts_with_one_port() -> None:
    async def both() -> list[int]:
        async with VantiqStandIn(StandInSettings(hosts=("127.0.0.1", "127.0.0.2"))) as standin:
            ports = []
            for host in ("127.0.0.1", "127.0.0.2"):
                _, writer = await asyncio.open_connection(host, standin.port)
                ports.append(writer.get_extra_info("peername")[1])
                writer.close()
            return ports

    first, second = asyncio.run(both())
    assert first == second


def test_the_process_ends_within_two_seconds_with_requests_hanging(tmp_path: Path) -> None:
    definitions = tmp_path / "definitions.json"
    definitions.write_text(json.dumps({"topics": [{"name": "/orders"}]}))
    token_file, journal = tmp_path / "token", tmp_path / "journal.jsonl"
    files = ["--token-file", str(token_file), "--journal", str(journal), "--define", str(definitions)]
    process = subprocess.Popen(
        [sys.executable, "-m", "local.vantiq", "--host", "127.0.0.1", *files],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert token_file.stat().st_mode & 0o777 == 0o600
        there = Server(ready["url"], token_file.read_text().strip())
        assert send(there, TOPIC, {"n": 1}).status == 200
        send(there, "/standin/faults", {"action": "hang"})
        with open_socket(there) as connection:
            request = f"POST {TOPIC} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}"
            connection.sendall(request.encode())
            deadline = time.monotonic() + 5
            while send(there, "/standin/stats", method="GET").json()["in_flight"] == 0:
                assert time.monotonic() < deadline
            before = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
            assert time.monotonic() - before < 2
        assert [json.loads(line)["body"] for line in journal.read_text().splitlines()] == [{"n": 1}]
    finally:
        process.kill()
        process.communicate(timeout=5)
