"""Every fault that the stand-in plays: those that pass, and the refusals that stay until the end."""

import json
import random
import ssl
import urllib.error
import urllib.request
from typing import Any

from local.system import System
from tests.fakes.passing_faults import PASSING as PASSING_FOR_ALL

_TIMEOUT_SECONDS = 10.0
_PATH = "/api/v1/resources/topics//msk/"
PASSING: tuple[dict[str, Any], ...] = (
    *PASSING_FOR_ALL,
    {"action": "status", "status": 202},
    {"action": "html"},
    {"action": "early_hints"},
    {"action": "none", "delay_seconds": 0.5},
    {"action": "hang", "before_body": True},
    # Those behind it too: what an array's target takes behind a failure can't be taken back (docs/forwarder.md).
    {"action": "index_errors", "indexes": [3], "onwards": True, "status": 503, "form": "response"},
)
# Records that Vantiq refuses: whole requests with 400, elements of an array with the record's own result.
REFUSALS: tuple[dict[str, Any], ...] = (
    {
        "action": "status",
        "status": 400,
        "code": "io.vantiq.type.validation",
        "pointer": "/value/refused",
        "equals": True,
        "path": _PATH,
    },
)


def passing_faults(draw: float) -> list[dict[str, Any]]:
    """A few kinds of faults, each for a share of the requests."""
    chance = random.Random(draw)  # noqa: S311 - a reproducible choice, not a secret
    return [fault | {"path": _PATH, "probability": 0.3, "times": 4} for fault in chance.sample(PASSING, 6)]


class StandIn:
    """The control API of a system's stand-in."""

    def __init__(self, system: System) -> None:
        self._url = f"{system.vantiq_url}/standin"
        self._context = ssl.create_default_context(cafile=system.kafka.ca_file)

    def play(self, faults: list[dict[str, Any]]) -> None:
        """Play these faults instead of the present ones, beside the refusals that stay.

        Raises:
            OSError: the stand-in does not answer.
        """
        self.request("DELETE", "faults")
        self.request("POST", "faults", [*faults, *REFUSALS])

    def forgive(self) -> None:
        """Accept everything."""
        self.request("DELETE", "faults")

    def stats(self) -> dict[str, Any]:
        """How requests were answered since its start."""
        return dict(self.request("GET", "stats"))

    def request(self, method: str, name: str, body: Any = None) -> Any:
        """One request; returns the response's JSON."""
        data = None
        if body is not None:
            data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}/{name}", data, method=method)  # noqa: S310
        with urllib.request.urlopen(request, context=self._context, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            return json.loads(response.read())
