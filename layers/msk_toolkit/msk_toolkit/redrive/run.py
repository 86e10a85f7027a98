"""One invocation of the redrive: carry out the request as far as the time goes, and continue in another invocation.

1. ``list`` and ``inspect`` read the bucket; so does a replay's dry run.
2. ``import`` with failure notifications writes their letters, in this invocation only: the queue redelivers them.
3. ``import`` and ``replay`` first import what mappings discarded: the failure topic, then the failure objects.
4. ``replay`` then sends letters again.
5. When the time is used up and something was done, the function invokes itself with the request that continues.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError, ToolkitError
from msk_toolkit.redrive.concurrently import TIME_IS_USED_UP, OutOfTime
from msk_toolkit.redrive.failure_topic import import_topic
from msk_toolkit.redrive.import_failures import (
    Fetch,
    ImportContext,
    ImportResult,
    OffsetSpans,
    import_notifications,
    import_objects,
)
from msk_toolkit.redrive.listing import list_letters, show
from msk_toolkit.redrive.replay import Replay, replay
from msk_toolkit.redrive.request import MOST_NAMED, Counts, RedriveRequest, RedriveResponse
from msk_toolkit.redrive.scope import Scope
from msk_toolkit.redrive.sending import MakeForwarder
from msk_toolkit.settings.forwarder import RecordIdForm
from msk_toolkit.settings.targets import Routes

# A redrive of more invocations, each of half an hour, needs somebody who watches it.
_MOST_HOPS = 1000
# Less than that before the reserve is no time to send anything.
_WORTH_BEGINNING_SECONDS = 0.5


class RedriveServices(NamedTuple):
    """What the redrive works with.

    Args:
        make: makes a forwarder around a dead-letter store: at so many records a second, and with so much time kept.
        fetch: reads records from Kafka again.
        spans: reads which offsets a topic holds.
        scope: whose discarded records are imported.
        failure_topics: topics that a request may name as the mappings' destination.
        given_up_topic: the mappings' destination, read by every import and replay; empty where it is the bucket.
        invoke_again: starts the function with this request, without waiting for it; raises AwsError.
        reserve_seconds: when so much time is left, nothing new begins.
        now: seconds since 1970.
        record_ids: the form of the letters' ids.
        cluster_name: what the ids of a self-managed cluster's records begin with.
    """

    bucket: Bucket
    routes: Routes
    make: Callable[[float, float], MakeForwarder]
    fetch: Fetch
    spans: OffsetSpans
    scope: Scope
    failure_topics: frozenset[str]
    invoke_again: Callable[[RedriveRequest], None]
    reserve_seconds: float = 60.0
    now: Callable[[], float] = time.time
    record_ids: RecordIdForm = "position"
    given_up_topic: str = ""
    cluster_name: str = ""


def run_redrive(request: RedriveRequest, services: RedriveServices, deadline: Deadline) -> RedriveResponse:
    """Carry out a request.

    Args:
        deadline: the function's own timeout.

    Raises:
        ConfigurationError: nothing of the kind can be done.
        ToolkitError: the bucket could not be read, or failure notifications not be imported; a replay that fails
            answers how far it came.
    """

    def out_of_time() -> bool:
        return deadline.remaining() <= services.reserve_seconds + _WORTH_BEGINNING_SECONDS

    _check_failure_topic(request, services)
    if request.action == "inspect":
        return show(services.bucket, request)
    if request.lists_letters:
        return list_letters(services.bucket, request, services.routes, out_of_time=out_of_time)
    if request.failure_notifications:
        context = _import_context(request, services, out_of_time)
        fetching = _until_reserve(services, deadline)
        imported = import_notifications(context, request.failure_notifications, services.fetch, fetching)
        return RedriveResponse(action="import", dry_run=request.dry_run, done=imported)
    imported_so_far, replayed = _import_and_replay(request, services, deadline, out_of_time)
    return _continued(request, services, imported_so_far, replayed)


def _check_failure_topic(request: RedriveRequest, services: RedriveServices) -> None:
    # Each message of another form is copied into the bucket: no request may so read any topic.
    if request.failure_topic not in {"", services.given_up_topic, *services.failure_topics}:
        text = (
            f"failure_topic {request.failure_topic} is not among FAILURE_TOPICS: name the mappings' destination as "
            'GivenUpTopic of the stack, or a topic beside it as AdvancedSettings={"FAILURE_TOPICS": "..."}'
        )
        raise ConfigurationError("event", [text])


def _import_context(request: RedriveRequest, services: RedriveServices, out_of_time: OutOfTime) -> ImportContext:
    writes = not request.dry_run
    return ImportContext(
        services.bucket,
        writes,
        out_of_time,
        services.now,
        scope=services.scope,
        record_ids=services.record_ids,
        cluster_name=services.cluster_name,
    )


def _until_reserve(services: RedriveServices, deadline: Deadline) -> Deadline:
    return deadline.at_most(deadline.remaining() - services.reserve_seconds)


def _import_and_replay(
    request: RedriveRequest, services: RedriveServices, deadline: Deadline, out_of_time: OutOfTime
) -> tuple[ImportResult, Replay]:
    """Import, and then replay if that is requested; a replay that was not begun says why."""
    not_begun = Replay(Counts(), [], [], request.after)
    imported = ImportResult(Counts(), 0, [], finished=False, foreign=[])
    # Of the reserve, half is for moving what was delivered, and half for continuing in another invocation.
    half = services.reserve_seconds / 2
    try:
        imported = _import(request, services, deadline, out_of_time)
        if not imported.finished:
            return imported, not_begun._replace(stopped=TIME_IS_USED_UP, out_of_time=True)
        if request.action == "import":
            return imported, not_begun
        make = services.make(request.records_per_second, half)
        moving = deadline.at_most(deadline.remaining() - half)
        return imported, replay(services.bucket, make, services.routes, request, moving, out_of_time=out_of_time)
    except ConfigurationError:
        raise
    except ToolkitError as error:
        return imported, not_begun._replace(stopped=str(error))


def _import(
    request: RedriveRequest, services: RedriveServices, deadline: Deadline, out_of_time: OutOfTime
) -> ImportResult:
    """The topics first: their messages of another form are reported with the mapping's objects."""
    context = _import_context(request, services, out_of_time)
    counts, waiting = Counts(), 0
    for name in dict.fromkeys(filter(None, [services.given_up_topic, request.failure_topic])):
        fetching = _until_reserve(services, deadline)
        topic = import_topic(context, name, services.spans, services.fetch, fetching)
        counts, waiting = counts + topic.counts, waiting + topic.waiting
        if not topic.finished:
            return topic._replace(counts=counts, waiting=waiting)
    # What is in the bucket already needs no reading in Kafka, so somebody may name what else is to be imported.
    accepting = services.scope._replace(accepted=frozenset(request.accept))
    objects = import_objects(context._replace(scope=accepting))
    return objects._replace(counts=counts + objects.counts, waiting=waiting + objects.waiting)


def _continued(
    request: RedriveRequest, services: RedriveServices, imported: ImportResult, replayed: Replay
) -> RedriveResponse:
    done = imported.counts + replayed.counts
    following = _following(request, replayed, done) if replayed.stopped else None
    continues, stopped = False, replayed.stopped
    if following and _may_continue(request, replayed, done, following):
        try:
            services.invoke_again(following)
            continues = True
        except AwsError as error:
            stopped = f"{stopped}, and the function could not continue by itself: {error}"
    return RedriveResponse(
        action=request.action,
        dry_run=request.dry_run,
        waiting=imported.waiting,
        done=request.so_far + done,
        foreign=len(imported.foreign),
        foreign_objects=imported.foreign[:MOST_NAMED],
        unreadable=[*imported.unreadable, *replayed.unreadable][:MOST_NAMED],
        without_target=replayed.without_target[:MOST_NAMED],
        stopped=stopped,
        next=following,
        continues=continues,
    )


def _may_continue(request: RedriveRequest, replayed: Replay, done: Counts, following: RedriveRequest) -> bool:
    # Without progress it would continue forever.
    has_progress = done != Counts() or replayed.after != request.after
    if request.dry_run or not has_progress:
        return False
    return replayed.out_of_time and following.hop < _MOST_HOPS


def _following(request: RedriveRequest, replayed: Replay, done: Counts) -> RedriveRequest:
    """The request that continues behind what was done."""
    limit = 0
    if request.limit:
        limit = max(1, request.limit - replayed.looked)
    return msgspec.structs.replace(
        request, after=replayed.after, limit=limit, hop=request.hop + 1, so_far=request.so_far + done
    )
