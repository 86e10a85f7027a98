"""A stand-in for the documented Vantiq REST resources, for tests and for the local system.

``VantiqStandIn`` runs in an event loop, ``running_standin()`` in a thread of its own,
``python -m local.vantiq`` as a process. What it supports, and what of that was never compared with a real
Vantiq, is documented in ``docs/vantiq-stand-in.md``.
"""

from local.vantiq.app import VantiqStandIn
from local.vantiq.faults import Fault
from local.vantiq.journal import Entry
from local.vantiq.settings import StandInSettings
from local.vantiq.thread import running_standin

__all__ = ["Entry", "Fault", "StandInSettings", "VantiqStandIn", "running_standin"]
