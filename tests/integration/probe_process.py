"""A run of the producer probe in a process of its own: ``access`` and topic come in as JSON, the response goes out."""

import sys

import msgspec
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access
from msk_toolkit.probe import producer

from tests.integration.probe_faults import STAGE_SECONDS

if __name__ == "__main__":
    access, topic = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[Access, str])
    response = producer.run_producer_probe(access, topic, deadline=Deadline(20), stage_seconds=STAGE_SECONDS)
    sys.stdout.buffer.write(msgspec.json.encode(response))
