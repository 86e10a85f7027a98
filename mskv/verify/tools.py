"""What a run of verify works with, and what it may write."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mskv.aws.clients import Client
from mskv.aws.functions import Invoker
from mskv.facts import Function, Unavailable
from mskv.progress import Progress

# By their logical ids.
Functions = Mapping[str, Function | Unavailable]


class Consent(NamedTuple):
    """What the user lets the run write; nothing by default.

    Args:
        test_mail: whether a test message goes to the alarms' topic.
        write: a forwarded topic that gets a marked record.
        refused_record: one that gets a record that Vantiq may refuse.
        delete_letter: whether that record's dead letter is deleted in the end.
        wait: how long a record is followed, in seconds.
    """

    test_mail: bool = False
    write: str = ""
    refused_record: str = ""
    delete_letter: bool = False
    wait: float = 120.0


class Tools(NamedTuple):
    """What a run works with.

    Args:
        client: makes a client for questions.
        writer: makes a client for what must not be done twice.
        clock: in seconds.
    """

    client: Client
    writer: Client
    invoker: Invoker
    progress: Progress
    clock: Callable[[], float] = time.monotonic
