"""A mapping that is played on the local cluster, with a forwarder behind it."""

import threading
from typing import Any

from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.batch_response import batch_response
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings

from local.event_source_mapping.attempts import Invocation
from local.event_source_mapping.event import Source
from local.event_source_mapping.kafka_destination import KafkaDestination
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import Mapping
from local.event_source_mapping.poller import Poller
from local.event_source_mapping.stats import Stats
from local.kafka import KafkaCluster
from tests.fakes.kafka_events import ARN
from tests.fakes.vantiq_fake import FakeVantiq
from tests.integration.kafka_access import wait_until


class Function:
    """A forwarder in a provisioned mapping, which a refused record blocks (``ON_REFUSAL=block``)."""

    def __init__(self, forwarder: Forwarder) -> None:
        self.forwarder = forwarder
        self.invocations = 0

    @classmethod
    def before(cls, vantiq: FakeVantiq, cluster_name: str = "") -> "Function":
        """One that sends to a Vantiq without a socket."""
        settings = ForwarderSettings(
            vantiq_url="https://v",
            vantiq_token_secret_arn="s",
            vantiq_target="topic:/orders",
            poller_mode="provisioned",
            on_refusal="block",
            cluster_name=cluster_name,
        )
        return cls(Forwarder(settings, DeliveryServices(vantiq, None)))

    def invoke(self, event: dict[str, Any]) -> Any:
        """As Lambda would: an event in, a partial batch response out."""
        self.invocations += 1
        outcome = self.forwarder.forward(event, Deadline(30))
        return batch_response(outcome, "provisioned")


def play(
    kafka: KafkaCluster,
    mapping: Mapping,
    function: Function,
    records_written: int,
    client: dict[str, Any] | None = None,
) -> Stats:
    """Have a poller read the mapping's topic until so many records are committed.

    Args:
        client: how it connects; without it in plaintext.
    """
    servers = client or {"bootstrap_servers": kafka.bootstrap("PLAINTEXT").split(",")}
    arn = ARN if mapping.event_source_arn else ""
    source, stop = Source(arn, ",".join(servers["bootstrap_servers"])), threading.Event()
    invocation = Invocation(source, function.invoke, KafkaDestination(mapping, source, lambda: servers))
    records = KafkaSource(mapping, lambda: servers)
    poller = Poller(mapping, records, invocation)
    thread = threading.Thread(target=poller.run, args=(stop,), daemon=True)
    thread.start()
    try:
        wait_until(lambda: poller.stats.committed == records_written, "not every record was committed", 60)
    finally:
        stop.set()
        thread.join(10)
        records.leave()
    return poller.stats
