"""The dead letters that wait, counted by the names of their objects."""

from itertools import islice

from msk_toolkit.aws.bucket import Bucket, Entry
from msk_toolkit.forward.dead_letters import LETTERS
from msk_toolkit.redrive.import_failures import FAILURES
from msk_toolkit.redrive.letters import place_of
from msk_toolkit.status.facts import LetterCount, LetterFacts

# Three pages of a listing.
_MOST_LETTERS = 3000
_MOST_TO_IMPORT = 1000


def read_letters_waiting(bucket: Bucket) -> LetterFacts:
    """How many letters wait, by topic; ``at_least`` where there are more than are listed.

    Raises:
        AwsError: S3 refused.
    """
    entries = list(islice(bucket.entries(LETTERS), _MOST_LETTERS + 1))
    counts: dict[str, LetterCount] = {}
    for entry in entries[:_MOST_LETTERS]:
        place = place_of(entry.name)
        if place is not None:
            counts[place.topic] = _counted(counts.get(place.topic), place.topic, entry)
    return LetterFacts(
        topics=list(counts.values()),
        to_import=sum(1 for _ in islice(bucket.entries(FAILURES), _MOST_TO_IMPORT)),
        at_least=len(entries) > _MOST_LETTERS,
    )


def _counted(before: LetterCount | None, topic: str, entry: Entry) -> LetterCount:
    at = entry.modified.timestamp()
    if before is None:
        return LetterCount(topic, 1, at, at)
    return LetterCount(topic, before.letters + 1, min(before.oldest, at), max(before.newest, at))
