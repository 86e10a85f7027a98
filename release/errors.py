"""Why there is no release."""


class ReleaseError(Exception):
    """Carries every reason, each a sentence that says what to do."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))
