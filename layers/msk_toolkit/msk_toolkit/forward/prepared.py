"""A lane's next request is prepared while the response to the last one is awaited."""

from collections.abc import Iterator

from msk_toolkit.forward.envelope import Document


class PreparedGroups:
    """The groups of a lane's documents, at most one of them made before it is needed."""

    def __init__(self, groups: Iterator[list[Document]]) -> None:
        self._groups = groups
        self._next: list[Document] | Exception | None = None

    def prepare(self) -> None:
        """Make the next group, unless it is there; what fails does so when the group is taken."""
        if self._next is not None:
            return
        try:
            self._next = next(self._groups, [])
        except Exception as error:  # noqa: BLE001 - the request in flight is another group's
            self._next = error

    def take(self) -> list[Document]:
        """The next group; empty at the end.

        Raises:
            Exception: what kept it from being made, also when it is taken again.
        """
        if self._next is None:
            self.prepare()
        group = self._next
        if isinstance(group, Exception):
            raise group
        self._next = None
        return group or []
