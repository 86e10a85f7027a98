"""Every fault that the stand-in plays: those that pass, and the refusals that stay until the end."""

import json
import random
import ssl
import urllib.error
import urllib.request
from typing import Any

from local.system import System

_TIMEOUT_SECONDS = 10.0
_PATH = "/api/v1/resources/topics//msk/"
_QUOTA = "io.vantiq.resource.quota.credit.exhausted"
_MISSING = "io.vantiq.resource.not.found"

_STATUSES = (401, 403, 404, 408, 425, 429, 500, 502, 503, 504)
PASSING: tuple[dict[str, Any], ...] = (
    *({"action": "status", "status": status} for status in _STATUSES),
    {"action": "status", "status": 400, "code": _QUOTA},
    {"action": "status", "status": 400, "code": _MISSING},
    {"action": "status", "status": 429, "retry_after": 1},
    {"action": "status", "status": 429, "retry_after": 1, "retry_after_date": True},
    {"action": "status", "status": 202},
    {"action": "redirect"},
    {"action": "html"},
    {"action": "reset", "before_body": True},
    {"action": "reset"},
    {"action": "reset", "accept": True},
    {"action": "half_answer"},
    {"action": "half_answer", "accept": False},
    {"action": "invalid_json"},
    {"action": "early_hints"},
    {"action": "none", "delay_seconds": 0.5},
    {"action": "slow_drip", "drip_seconds": 4.0},
    {"action": "hang", "before_body": True},
    {"action": "hang"},
    {"action": "hang", "accept": True},
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
