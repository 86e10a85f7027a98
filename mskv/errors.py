"""What ends a command before it has anything to report."""


class NotReachedError(Exception):
    """AWS, the account or the stack can't be reached; ``remedy`` says what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy
