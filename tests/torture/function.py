"""The function as the poller invokes it: environments start, stay warm, are killed, run out of time and memory."""

import json
import multiprocessing
import random
import threading
from collections import Counter
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from local.aws.functions import FunctionError
from tests.torture import environment

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([environment.__name__])


class Function:
    """Invokes the handler in one environment at a time.

    Args:
        seconds: the function's time-out; a late environment is killed, as Lambda does.
        killing: chance of a SIGKILL at a random moment of an invocation.
        starving: chance of an invocation that may take hardly any memory.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        chance: random.Random,
        *,
        seconds: float,
        killing: float,
        starving: float,
    ) -> None:
        self._variables = dict(variables)
        self._chance = chance
        self._seconds = seconds
        self._killing, self._starving = killing, starving
        self._process: Any = None
        self._connection: Connection | None = None
        self._lasts = 0.5
        self.ends: Counter[str] = Counter()

    def calm(self) -> None:
        """No more deaths by accident."""
        self._killing = self._starving = 0.0

    def invoke(self, event: dict[str, Any]) -> Any:
        """Invoke and wait; raises FunctionError as the local Lambda does."""
        connection = self._environment()
        memory = self._chance.randrange(100_000, 6_000_000) if self._chance.random() < self._starving else 0
        timer = None
        if self._chance.random() < self._killing:
            timer = threading.Timer(self._chance.random() * self._lasts, self._process.kill)
            timer.start()
        try:
            connection.send((memory, json.dumps(event)))
            if not connection.poll(self._seconds + 1):
                raise self._died("timed out")
            how, what = connection.recv()
        except (EOFError, OSError) as error:
            raise self._died("killed") from error
        finally:
            if timer is not None:
                timer.cancel()
        self.ends["starved" if memory and how == "raised" else how] += 1
        if how == "raised":
            raise FunctionError(what)
        return what

    def close(self) -> None:
        """End the environment."""
        if self._process is not None:
            self._process.kill()
            self._process.join(10)
            self._process = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _environment(self) -> Connection:
        if self._connection is None or not self._process.is_alive():
            self.close()
            self._connection, theirs = _FORKS.Pipe()
            # Daemonic, so that it can't outlive the tests.
            self._process = _FORKS.Process(
                target=environment.serve, args=(theirs, self._variables, self._seconds), daemon=True
            )
            self._process.start()
            theirs.close()
            self.ends["started"] += 1
        return self._connection

    def _died(self, how: str) -> FunctionError:
        self.close()
        self.ends[how] += 1
        return FunctionError(how)
