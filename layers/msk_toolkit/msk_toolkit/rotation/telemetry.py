"""What the rotation publishes: a line for each step, and what an alarm needs."""

from typing import Any

from msk_toolkit.errors import ToolkitError
from msk_toolkit.rotation.request import RotationResponse
from msk_toolkit.telemetry.metrics import Metric, publish_metrics


def report_failure(step: str, error: ToolkitError, logger: Any) -> None:
    """Log why a step has failed; the function's own error is what the alarm counts."""
    logger.error("rotation failed", extra={"step": step, "reason": str(error)})


def report_rotation(step: str, response: RotationResponse, logger: Any, metrics: Any, *, detailed: bool) -> None:
    """Log a step that was taken, and publish its metrics; the log never has a password.

    Args:
        step: Secrets Manager's name of it, or the action of a person's request.
    """
    fields = {
        "step": step,
        "did": response.did,
        "brokers": len(response.brokers),
        "seconds": response.seconds,
        "sources": response.sources,
    }
    logger.info("rotation", extra=fields)
    if response.problems:
        logger.error("sources of Vantiq not renewed", extra={"problems": response.problems})
    values: list[tuple[Metric, float]] = [(Metric.SOURCES_NOT_RENEWED, len(response.problems))]
    if response.seconds is not None:
        values.append((Metric.ROTATION_SECONDS, response.seconds))
    publish_metrics(metrics, values, detailed=detailed)
