"""A dead-letter store in memory."""

import json
from typing import Any

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError


class FakeDeadLetters:
    """Keeps letters by name; refuses to write while ``failing``."""

    def __init__(self, *, failing: bool = False) -> None:
        self.failing = failing
        self.letters: dict[str, Any] = {}

    def write(self, name: str, body: bytes, deadline: Deadline) -> None:
        """See DeadLetterStore.write."""
        if self.failing:
            raise AwsError("writing the letter: access denied")
        self.letters[name] = json.loads(body)
