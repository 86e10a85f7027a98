"""A run of the producer probe in a process of its own: ``access`` and topic come in as JSON, the response goes out."""

import sys

import msgspec
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access
from msk_toolkit.probe.options import ProducerOptions
from msk_toolkit.probe.run import run_probe

from tests.integration.probe_faults import STAGE_SECONDS

if __name__ == "__main__":
    access, topic = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[Access, str])
    response = run_probe(access, ProducerOptions(topic=topic, deadline=Deadline(20), stage_seconds=STAGE_SECONDS))
    sys.stdout.buffer.write(msgspec.json.encode(response))
