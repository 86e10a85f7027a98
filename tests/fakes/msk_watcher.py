"""MSK's part in a rotation: some time after a change, the current version of an associated secret is a user's password.

MSK documents up to ten minutes; here it is seconds.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msk_toolkit.msk.credentials import ScramCredentials, parse_credentials

from tests.fakes.rotating_secrets import SecretStore

_LOOK_SECONDS = 0.05


class MskWatcher:
    """Looks at the associated secrets in a thread of its own; ``applied`` counts the changes that it has passed on."""

    def __init__(
        self,
        store: SecretStore,
        associated: Sequence[str],
        put_user: Callable[[str, str], None],
        delay_seconds: float,
    ) -> None:
        self._store = store
        self._put_user = put_user
        self._delay_seconds = delay_seconds
        self._known: dict[str, ScramCredentials] = {}
        self.associated = associated
        self.applied = 0

    def apply(self) -> None:
        """Pass on what has changed, without a delay."""
        for name in self.associated:
            self._look(name, 0.0)

    def run(self, stop: threading.Event) -> None:
        """Pass on each change when its time has come."""
        while not stop.wait(_LOOK_SECONDS):
            for name in self.associated:
                self._look(name, self._delay_seconds)

    def _look(self, name: str, delay_seconds: float) -> None:
        pair = parse_credentials(self._store.current(name), name)
        if self._known.get(name) == pair:
            return
        time.sleep(delay_seconds)
        # What is current by then: MSK knows of no version in between.
        pair = parse_credentials(self._store.current(name), name)
        self._put_user(pair.username, pair.password)
        self._known[name] = pair
        self.applied += 1


@contextmanager
def watching(watcher: MskWatcher) -> Iterator[MskWatcher]:
    """A watcher that has passed on what there is, and goes on until the end."""
    watcher.apply()
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        stop.set()
        thread.join(20)
