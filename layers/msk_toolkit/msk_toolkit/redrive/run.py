"""One invocation of the redrive: do what is asked as far as the time goes, and go on in another one."""

import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError, ToolkitError
from msk_toolkit.redrive.failure_topic import import_topic
from msk_toolkit.redrive.import_failures import Fetch, ImportResult, OffsetSpans, import_notifications, import_objects
from msk_toolkit.redrive.listing import list_letters, show
from msk_toolkit.redrive.replay import TIME_IS_USED_UP, MakeForwarder, Replay, replay
from msk_toolkit.redrive.request import Counts, RedriveRequest, RedriveResponse
from msk_toolkit.settings.targets import Routes

# One that needs more than so many invocations of half an hour is better watched by somebody.
_MOST_LEGS = 1000
# Less than that before the reserve is no time to send anything.
_WORTH_BEGINNING_SECONDS = 0.5


class RedriveServices(NamedTuple):
    """What the redrive works with.

    Args:
        make: makes a forwarder around a dead-letter store: at so many records a second, and with so much time kept.
        fetch: reads records from Kafka again.
        spans: tells which offsets a topic holds.
        invoke_again: starts the function with this request, without waiting for it; raises AwsError.
        reserve_seconds: when so much time is left, nothing new begins.
        now: seconds since 1970.
    """

    bucket: Bucket
    routes: Routes
    make: Callable[[float, float], MakeForwarder]
    fetch: Fetch
    spans: OffsetSpans
    invoke_again: Callable[[RedriveRequest], None]
    reserve_seconds: float = 60.0
    now: Callable[[], float] = time.time


def run_redrive(request: RedriveRequest, tools: RedriveServices, deadline: Deadline) -> RedriveResponse:
    """Carry out a request.

    Args:
        deadline: the function's own time-out.

    Raises:
        ConfigurationError: nothing of the kind can be done.
        ToolkitError: a look at the bucket, or an adoption of notices, that failed; a replay answers how far it came.
    """

    def enough() -> bool:
        return deadline.remaining() <= tools.reserve_seconds + _WORTH_BEGINNING_SECONDS

    if request.action == "inspect":
        return show(tools.bucket, request)
    if request.action == "list" or (request.action == "replay" and request.dry_run):
        return list_letters(tools.bucket, request, tools.routes, enough=enough)
    if request.notices:
        return _adopt_notices(request, tools, deadline, enough)
    return _continued(request, tools, *_carry_out(request, tools, deadline, enough))


def _adopt_notices(
    request: RedriveRequest, tools: RedriveServices, deadline: Deadline, enough: Callable[[], bool]
) -> RedriveResponse:
    fetching = deadline.at_most(deadline.remaining() - tools.reserve_seconds)
    done = import_notifications(
        tools.bucket,
        request.notices,
        tools.fetch,
        fetching,
        write=not request.dry_run,
        enough=enough,
        now=tools.now,
    )
    return RedriveResponse(action="adopt", dry_run=request.dry_run, done=done)


def _carry_out(
    request: RedriveRequest, tools: RedriveServices, deadline: Deadline, enough: Callable[[], bool]
) -> tuple[ImportResult, Replay]:
    """Adopt, and then replay if that is asked for; a replay that was not begun says why."""
    idle = Replay(Counts(), [], [], request.after)
    adoption = ImportResult(Counts(), 0, [], finished=False)
    # Of the reserve, half is for moving what was delivered, and half for going on in another invocation.
    half = tools.reserve_seconds / 2
    try:
        adoption = _adopt(request, tools, deadline, enough)
        if not adoption.finished:
            return adoption, idle._replace(stopped=TIME_IS_USED_UP, out_of_time=True)
        if request.action == "adopt":
            return adoption, idle
        make = tools.make(request.records_per_second, half)
        moving = deadline.at_most(deadline.remaining() - half)
        return adoption, replay(tools.bucket, make, tools.routes, request, moving, enough=enough)
    except ConfigurationError:
        raise
    except ToolkitError as error:
        return adoption, idle._replace(stopped=str(error))


def _adopt(
    request: RedriveRequest, tools: RedriveServices, deadline: Deadline, enough: Callable[[], bool]
) -> ImportResult:
    """The topic first: what is of another form in it is told with the mapping's objects."""
    topic = ImportResult(Counts(), 0, [], finished=True)
    if request.failure_topic:
        topic = import_topic(
            tools.bucket,
            request.failure_topic,
            tools.spans,
            tools.fetch,
            deadline.at_most(deadline.remaining() - tools.reserve_seconds),
            write=not request.dry_run,
            enough=enough,
            now=tools.now,
        )
        if not topic.finished:
            return topic
    objects = import_objects(tools.bucket, write=not request.dry_run, enough=enough, now=tools.now)
    return objects._replace(counts=topic.counts + objects.counts, waiting=topic.waiting + objects.waiting)


def _continued(
    request: RedriveRequest, tools: RedriveServices, adoption: ImportResult, done: Replay
) -> RedriveResponse:
    this = adoption.counts + done.counts
    total = request.so_far + this
    following = None
    continues, stopped = False, done.stopped
    if stopped:
        following = msgspec.structs.replace(
            request,
            after=done.after,
            limit=max(1, request.limit - done.looked) if request.limit else 0,
            leg=request.leg + 1,
            so_far=total,
        )
        # Without progress it would go round for ever.
        moved = this != Counts() or done.after != request.after
        if done.out_of_time and moved and not request.dry_run and following.leg < _MOST_LEGS:
            try:
                tools.invoke_again(following)
                continues = True
            except AwsError as error:
                stopped = f"{stopped}, and the function could not go on by itself: {error}"
    return RedriveResponse(
        action=request.action,
        dry_run=request.dry_run,
        waiting=adoption.waiting,
        done=total,
        unreadable=[*adoption.unreadable, *done.unreadable][:20],
        without_target=done.without_target[:20],
        stopped=stopped,
        next=following,
        continues=continues,
    )
