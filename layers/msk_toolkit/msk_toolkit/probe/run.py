"""A run of a probe, in one call: for the probes' own functions, and for diagnose."""

from typing import overload

from msk_toolkit.kafka.access import Access
from msk_toolkit.probe.consumer import ConsumerProbeResponse, run_consumer_probe
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.producer import ProducerProbeResponse, run_producer_probe


@overload
def run_probe(access: Access, options: ProducerOptions) -> ProducerProbeResponse: ...
@overload
def run_probe(access: Access, options: ConsumerOptions) -> ConsumerProbeResponse: ...
def run_probe(
    access: Access, options: ProducerOptions | ConsumerOptions
) -> ProducerProbeResponse | ConsumerProbeResponse:
    """Probe every broker of the cluster once; the options say with which probe.

    1. Check every broker in a thread of its own, from its name to the permissions on the topic (``check_brokers.py``).
    2. Producer probe, in the same thread: write a record through the broker and read it back (``write_through.py``).
       Consumer probe, when all have been checked: join the group, read since its last commit, commit, read the commit
       back (``membership.py``, ``reading.py``), and look up the lag of other groups (``lag.py``).
    3. Make a report for each broker, also for those that only the others name (``report.py``).
    4. Judge all reports together (``verdict.py``), and explain a failure by what MSK says (``context.py``).
    """
    if isinstance(options, ProducerOptions):
        return run_producer_probe(access, options)
    return run_consumer_probe(access, options)
