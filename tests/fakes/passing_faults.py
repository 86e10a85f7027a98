"""Faults of Vantiq that pass: the records of a request that meets one are delivered later."""

from typing import Any

_STATUSES = (401, 403, 404, 408, 425, 429, 500, 502, 503, 504)
# The torture's seeds shuffle them: another order here would make other seeds of them.
PASSING: tuple[dict[str, Any], ...] = (
    *({"action": "status", "status": status} for status in _STATUSES),
    {"action": "status", "status": 400, "code": "io.vantiq.resource.quota.credit.exhausted"},
    {"action": "status", "status": 400, "code": "io.vantiq.resource.not.found"},
    {"action": "status", "status": 429, "retry_after": 1},
    {"action": "status", "status": 429, "retry_after": 1, "retry_after_date": True},
    {"action": "redirect"},
    {"action": "reset", "before_body": True},
    {"action": "reset"},
    {"action": "reset", "accept": True},
    {"action": "half_answer"},
    {"action": "half_answer", "accept": False},
    {"action": "invalid_json"},
    {"action": "slow_drip", "drip_seconds": 3.0},
    {"action": "hang"},
    {"action": "hang", "accept": True},
)
