"""A web page of another origin gets nothing from any port that `make up` opens, and changes nothing."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import psutil
import pytest
from playwright.sync_api import Browser

from local.system import System, container_address
from tests.browser.chromium import chromium
from tests.e2e.foreign_page import RESOLVER, TRAP, foreign_page, try_everything, try_rebound
from tests.e2e.standin import ask_standin

pytestmark = pytest.mark.e2e
LOOPBACK = {"127.0.0.1", "::1"}
FOR_CONTAINERS = {"kafka-1", "kafka-2", "kafka-3", "aws", "vantiq"}
PLANNED = {"action": "status", "status": 418, "times": 1, "path": TRAP}


class Listener(NamedTuple):
    """A port that a process of the system listens on."""

    process: str
    address: str
    port: int


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser to which a foreign name leads to this machine."""
    with chromium(RESOLVER) as browser:
        yield browser


@pytest.fixture(scope="module")
def listeners(system: System) -> list[Listener]:
    """Every port that the system's processes and their children listen on."""
    listeners = set()
    for process, name in _names(system).items():
        for connection in process.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN:
                # Java listens on IPv4 addresses as IPv6 sees them.
                address = connection.laddr.ip.removeprefix("::ffff:")
                listeners.add(Listener(name, address, connection.laddr.port))
    return sorted(listeners)


def _names(system: System) -> dict[psutil.Process, str]:
    """The system's processes and their children, by the name of the part that each belongs to."""
    names: dict[psutil.Process, str] = {}
    # In the order of their start: what the console has started again, as Vantiq, is a child of its own.
    for name, process in system.ledger.running().items():
        names |= dict.fromkeys((process, *process.children(recursive=True)), name)
    return names


@pytest.fixture(scope="module")
def brokers(listeners: list[Listener]) -> list[int]:
    """The ports of the brokers, which speak no HTTP: there no address differs from another."""
    return sorted({listener.port for listener in listeners if listener.process.startswith("kafka-")})


@pytest.fixture(scope="module")
def servers(listeners: list[Listener], brokers: list[int]) -> list[int]:
    """All others."""
    return sorted({listener.port for listener in listeners} - set(brokers))


@pytest.fixture
def trap(system: System) -> Iterator[None]:
    """A fault that waits for one request; it is there still when the test ends."""
    ask_standin(system, "DELETE", "faults")  # those of other tests
    played = ask_standin(system, "GET", "stats")["faults_played"]
    ask_standin(system, "POST", "faults", PLANNED)
    yield
    active, after = ask_standin(system, "GET", "faults"), ask_standin(system, "GET", "stats")
    ask_standin(system, "DELETE", "faults")
    assert (len(active), after["faults_played"]) == (1, played)


def state(system: System) -> dict[str, Any]:
    """What a page could have changed: processes, the token, what AWS and the brokers hold."""
    session, endpoint = system.emulator.session(), system.emulator.endpoint
    functions = session.client("lambda", endpoint_url=endpoint).list_functions()["Functions"]
    topics = session.client("sns", endpoint_url=endpoint).list_topics()["Topics"]
    plan = system.function("TopicsFunction").invoke({"action": "plan"})
    return {
        "processes": {name: process.pid for name, process in system.ledger.running().items()},
        "token": system.vantiq_token_file.read_text(),
        "functions": sorted(function["FunctionName"] for function in functions),
        "topics": sorted(topic["TopicArn"] for topic in topics),
        "differences": plan["table"],
    }


def test_every_part_listens_on_loopback_and_dockers_bridge_alone(system: System, listeners: list[Listener]) -> None:
    assert {listener.process for listener in listeners} >= {*FOR_CONTAINERS, "console"}
    bridge = container_address()
    elsewhere = [listener for listener in listeners if listener.address not in LOOPBACK]
    # Containers reach the system over the bridge; the console is for this machine alone.
    assert {listener.address for listener in elsewhere} <= {bridge}
    assert {listener.process for listener in elsewhere} <= FOR_CONTAINERS


@pytest.mark.usefixtures("trap")
def test_a_page_of_another_origin_reads_nothing_and_changes_nothing(
    system: System, servers: list[int], brokers: list[int], browser: Browser
) -> None:
    before = state(system)
    with foreign_page(browser) as page:
        read = try_everything(page, servers) + try_everything(page, brokers, ["/"])
    assert read == []
    assert state(system) == before


@pytest.mark.usefixtures("trap")
def test_a_page_behind_a_name_that_leads_here_reads_refusals_alone(
    system: System, servers: list[int], brokers: list[int], browser: Browser
) -> None:
    before = state(system)
    read = try_rebound(browser, [*servers, *brokers])
    assert read == []
    assert state(system) == before
