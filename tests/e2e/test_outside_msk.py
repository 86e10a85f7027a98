"""A second mapping, as of Kafka outside MSK, beside the deployed stack's own: through the real function to Vantiq."""

import pytest

from local.demo.journal import Deliveries
from local.demo.records import produce, sensor_records
from local.self_managed import CLUSTER_NAME, PROCESS, start_second_mapping
from local.system import System

pytestmark = pytest.mark.e2e

TOPIC = "sensor-readings"
_SECONDS = 60.0


def test_a_self_managed_mapping_over_mutual_tls_delivers_under_the_clusters_name(system: System) -> None:
    start_second_mapping(system, TOPIC)
    try:
        written = produce(system.kafka.client_settings, TOPIC, list(sensor_records(20)))
        places = {(TOPIC, record.partition, record.offset) for record in written}
        second, first = (
            Deliveries(system.vantiq_journal, cluster) for cluster in (CLUSTER_NAME, system.resources.cluster_arn)
        )
        assert second.wait_for(places, _SECONDS)
        assert first.wait_for(places, _SECONDS)
        ids = {envelope["id"] for envelope in second.envelopes}
        assert ids >= {f"{CLUSTER_NAME}/{topic}/{partition}/{offset}" for topic, partition, offset in places}
    finally:
        system.ledger.stop(PROCESS)
