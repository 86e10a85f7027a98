"""The function as the poller invokes it: environments start, stay warm, are killed, run out of time and memory."""

import json
import multiprocessing
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from local.aws.functions import FunctionError
from tests.torture import environment

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([environment.__name__])


class Chances(NamedTuple):
    """Of what an invocation may suffer.

    Args:
        killing: a SIGKILL at a random moment of an invocation.
        stalling: it stops at a random moment, until its timeout has it killed.
        starving: an invocation that may take hardly any memory.
        failing_s3: a request to S3 that fails.
    """

    killing: float
    stalling: float
    starving: float
    failing_s3: float


class Function:
    """Invokes the handler in one environment at a time.

    Args:
        seconds: the function's timeout; a late environment is killed, as Lambda does.
    """

    def __init__(
        self, variables: Mapping[str, str], chance: random.Random, chances: Chances, *, seconds: float
    ) -> None:
        self._variables = dict(variables)
        self._chance = chance
        self._chances = chances
        self._seconds = seconds
        self._process: Any = None
        self._connection: Connection | None = None
        self._lasts = 0.5
        self.ends: Counter[str] = Counter()

    def invoke(self, event: dict[str, Any]) -> Any:
        """Invoke and wait; raises FunctionError as the local Lambda does."""
        connection = self._environment()
        memory = 0
        if self._chance.random() < self._chances.starving:
            memory = self._chance.randrange(100_000, 6_000_000)
        patience = self._seconds + 1
        moment, dice = self._chance.random() * self._lasts, self._chance.random()
        timer = None
        if dice < self._chances.killing:
            timer = threading.Timer(moment, self._process.kill)
        elif dice < self._chances.killing + self._chances.stalling:
            timer = threading.Timer(moment, os.kill, (self._process.pid, signal.SIGSTOP))
            # It does nothing any more, so the rest of its time need not be awaited.
            patience = self._lasts + 0.2
        try:
            connection.send((memory, json.dumps(event)))
            if timer is not None:
                timer.start()
            if not connection.poll(patience):
                raise self._died("timed out")
            how, what = connection.recv()
        except (EOFError, OSError) as error:
            raise self._died("killed") from error
        finally:
            if timer is not None:
                timer.cancel()
        if how != "raised":
            self.ends[how] += 1
            return what
        # For want of memory also where a thread can't be started, or a record can't be sent.
        self.ends["out of memory" if memory else "raised"] += 1
        raise FunctionError(what)

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
