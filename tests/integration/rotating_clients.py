"""Whoever logs in while passwords are rotated: both probes, the forwarder's mapping and a source in Vantiq.

Each logs in again and again with what the secret holds at that moment, and notes every login that is refused.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.run import run_probe
from msk_toolkit.settings.cluster import ClusterSettings

from local.event_source_mapping.attempts import Invocation
from local.event_source_mapping.event import Source
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.poller import Polled, Poller
from tests.fakes.rotating_secrets import SecretStore
from tests.integration.vantiq_fixture import Line

_STAGE_SECONDS = 5.0


class Logins:
    """How often each client has logged in, and why a login, or what came after it, failed."""

    def __init__(self) -> None:
        self.count: dict[str, int] = {}
        self.refused: list[str] = []
        self._lock = threading.Lock()

    def note(self, client: str, problem: str = "") -> None:
        with self._lock:
            self.count[client] = self.count.get(client, 0) + 1
            if problem:
                self.refused.append(f"{client}: {problem}")


class _NewConnections(KafkaSource):
    """A member of the mapping's group that connects again when it is asked to: connections that last need no login."""

    def __init__(self, mapping: Mapping, client: Callable[[], Any]) -> None:
        super().__init__(mapping, client)
        self.reconnect = threading.Event()

    def poll(self, timeout_seconds: float) -> Polled:
        if self.reconnect.is_set():
            self.reconnect.clear()
            self.leave()
        return super().poll(timeout_seconds)


def probing(settings: ClusterSettings, store: SecretStore, topic: str, group: str, logins: Logins) -> None:
    """A run of each probe."""
    options: dict[str, Any] = {"topic": topic, "stage_seconds": _STAGE_SECONDS}
    for kind in ("producer", "consumer"):
        deadline = Deadline(30)
        access = cluster_access(settings, store.aws, deadline)
        if kind == "producer":
            verdict = run_probe(access, ProducerOptions(deadline=deadline, **options)).verdict
        else:
            verdict = run_probe(access, ConsumerOptions(deadline=deadline, group=group, **options)).verdict
        logins.note(f"{kind} probe", "" if verdict.status == "healthy" else verdict.summary)


def mapping_of(topic: str, group: str) -> Mapping:
    """The mapping of one topic."""
    return Mapping(
        function_name="forwarder",
        event_source_arn="arn:aws:kafka:eu-central-1:123456789012:cluster/local/1",
        topics=(topic,),
        consumer_group_id=group,
        starting_position=StartingPosition.TRIM_HORIZON,
        batching_window_seconds=0.1,
    )


class ForwardedMapping:
    """The forwarder behind a mapping whose pollers read the secret for each connection."""

    def __init__(self, mapping: Mapping, client: Callable[[], Any], line: Line, logins: Logins) -> None:
        def connected() -> Any:
            logins.note("mapping")
            return client()

        def invoke(event: dict[str, Any]) -> Any:
            outcome = line.forward(event)
            assert not outcome.failures
            return None

        source = Source(mapping.event_source_arn, "localhost:9096")
        self._source = _NewConnections(mapping, connected)
        self.poller = Poller(mapping, self._source, Invocation(source, invoke))
        self._logins = logins

    def reconnect(self) -> None:
        """Have the poller log in again with its next poll."""
        self._source.reconnect.set()

    def run(self, stop: threading.Event) -> None:
        """Play the mapping; an error while polling is a refused login, or hides one."""
        self.poller.run(stop)
        if self.poller.stats.polling_errors:
            self._logins.note("mapping", f"{self.poller.stats.last_error}")


@contextmanager
def running(*clients: Callable[[threading.Event], None]) -> Iterator[None]:
    """Clients in threads of their own, ended together."""
    stop = threading.Event()
    threads = [threading.Thread(target=client, args=(stop,), daemon=True) for client in clients]
    with ExitStack() as stack:
        stack.callback(stop.set)
        for thread in threads:
            thread.start()
        yield
        stop.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
