"""Letters replayed in offset order per partition.

1. Read the letters that the request selects, a chunk at a time.
2. Pass over those whose topic has no target, and report why.
3. Send the others as one event of the mapping's form, by the forwarder itself (:mod:`msk_toolkit.redrive.sending`).
4. Move what was delivered; what was refused stays with its new reason.
5. Go on behind the chunk, or end at the first letter that is still to be sent.
"""

from itertools import takewhile
from typing import NamedTuple

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.redrive.concurrently import TIME_IS_USED_UP, OutOfTime
from msk_toolkit.redrive.letters import Letter
from msk_toolkit.redrive.reading import Chunk, OutOfTimeError, read_letters
from msk_toolkit.redrive.request import Counts, RedriveRequest
from msk_toolkit.redrive.sending import MakeForwarder, Sender, Sent
from msk_toolkit.settings.targets import Routes


class Replay(NamedTuple):
    """The state of a replay.

    Args:
        without_target: why Kafka topics have no target in Vantiq; their letters are passed over.
        after: go on behind this name.
        looked: letters up to there, and those behind it that were moved.
        stopped: why it ended before the last letter; empty where it did not.
        out_of_time: whether it ended for lack of time only, so that going on is all it needs.
    """

    counts: Counts
    unreadable: list[str]
    without_target: list[str]
    after: str
    looked: int = 0
    stopped: str = ""
    out_of_time: bool = False


def replay(
    bucket: Bucket,
    make: MakeForwarder,
    routes: Routes,
    request: RedriveRequest,
    deadline: Deadline,
    *,
    out_of_time: OutOfTime,
) -> Replay:
    """Replay the letters that a request selects, until the last, the first failure, or the end of the time.

    What was delivered and could not be moved any more will be delivered again, with the same id.

    Args:
        make: makes the forwarder around the store that refused letters go to; its reserve leaves time for moves.
        deadline: no move begins after it.
        out_of_time: whether to begin nothing new; true a little before the forwarder itself stops.
    """
    sender = Sender(bucket, make, deadline, out_of_time)
    done = Replay(Counts(), [], [], request.after)
    try:
        for chunk in read_letters(bucket, request, routes, out_of_time, request.records_per_second):
            done.unreadable.extend(chunk.unreadable)
            _note_missing_targets(done.without_target, chunk.letters)
            sendable = _sendable(chunk.letters)
            sent = sender.send(sendable)
            done = _advanced(done, chunk, sendable, sent)
            if sent.stopped:
                return done._replace(stopped=sent.stopped, out_of_time=sent.out_of_time)
    except OutOfTimeError:
        return done._replace(stopped=TIME_IS_USED_UP, out_of_time=True)
    except AwsError as error:
        return done._replace(stopped=str(error))
    return done


def _note_missing_targets(problems: list[str], letters: list[Letter]) -> None:
    for letter in letters:
        problem = letter.target.problem
        if problem and problem not in problems:
            problems.append(problem)


def _sendable(letters: list[Letter]) -> list[Letter]:
    return [letter for letter in letters if not letter.target.problem]


def _advanced(done: Replay, chunk: Chunk, sendable: list[Letter], sent: Sent) -> Replay:
    """Behind this chunk; where it was not finished, only up to its first letter that is still to be sent."""
    waiting = {letter.entry.name for letter in sendable}.difference(sent.moved, sent.refused)
    passed = list(takewhile(lambda entry: entry.name not in waiting, chunk.entries))
    behind = {entry.name for entry in chunk.entries[len(passed) :]}
    return done._replace(
        counts=done.counts + Counts(delivered=len(sent.moved), refused=len(sent.refused)),
        after=passed[-1].name if passed else done.after,
        looked=done.looked + len(passed) + len(behind.intersection(sent.moved)),
    )
