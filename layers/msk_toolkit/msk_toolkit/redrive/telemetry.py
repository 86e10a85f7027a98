"""A redrive's outcome as metrics, and as one line in the log."""

from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.redrive.request import RedriveRequest, RedriveResponse
from msk_toolkit.telemetry.metrics import Metric, publish_metrics


def publish_redrive(
    request: RedriveRequest, response: RedriveResponse, logger: Logger, metrics: Metrics, *, given_up_topic: str = ""
) -> None:
    """Write both; the metrics count this invocation alone, the line the whole redrive.

    Args:
        given_up_topic: the mappings' destination, if it is a topic; whether it could be read is a metric then.
    """
    before, done = request.so_far, response.done
    numbers = [
        (Metric.LETTERS_REPLAYED, done.delivered - before.delivered),
        (Metric.LETTERS_REFUSED_AGAIN, done.refused - before.refused),
        (Metric.LETTERS_ADOPTED, done.imported - before.imported),
    ]
    if given_up_topic and request.action == "import" and not request.dry_run:
        # A replay also stops for other reasons.
        numbers.append((Metric.GIVEN_UP_UNREAD, int(bool(response.stopped) and not response.continues)))
    publish_metrics(metrics, numbers, detailed=False)
    line = {
        "action": response.action,
        "dry_run": response.dry_run,
        "hop": request.hop,
        "delivered": done.delivered,
        "refused": done.refused,
        "imported": done.imported,
        "gone": done.gone,
        "foreign": response.foreign_objects,
        "unreadable": response.unreadable,
        "without_target": response.without_target,
        "stopped": response.stopped,
        "continues": response.continues,
    }
    left = response.foreign or response.unreadable or response.without_target
    if left or (response.stopped and not response.continues):
        logger.warning("redrive incomplete", extra=line)
    else:
        logger.info("redrive", extra=line)
