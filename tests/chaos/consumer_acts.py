"""Pollers and functions that are killed and paused, and mappings that are disabled."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import msgspec
import psutil

from local.aws import emulator
from local.event_source_mapping.stats import Stats
from local.pollers import poller_names, start_pollers, stats_file
from tests.chaos.adversary import Carry
from tests.chaos.live import Live
from tests.chaos.schedule import Act
from tests.chaos.vantiq_faults import StandIn

FORWARDER = "ForwarderFunction"
_WAIT_SECONDS = 20.0
_STOPPED_SECONDS = 150.0


class ConsumerActs:
    """What the adversary does to pollers, the forwarder's environments and mappings."""

    def __init__(self, live: Live, standin: StandIn) -> None:
        self._live, self._standin = live, standin

    def acts(self) -> Mapping[str, Carry]:
        """By their kinds."""
        return {
            "kill a poller": self._killed_poller,
            "pause a poller": self._paused_poller,
            "kill the forwarder": self._killed_forwarder,
            "kill the forwarder behind its POST": self._killed_behind_post,
            "pause the forwarder past its timeout": self._paused_forwarder,
            "disable and enable a mapping": self._disabled_mapping,
        }

    def heal(self) -> None:
        """Have every poller run, and every mapping enabled."""
        system = self._live.system
        for name in self._pollers():
            system.ledger.resume(name)
        start_pollers(system)
        for source in system.stack.event_sources():
            self.enable(source.mapping_id, enabled=True)

    def environments(self) -> list[psutil.Process]:
        """The forwarder's execution environments."""
        system = self._live.system
        folder = f"ministack-lambda-{system.stack.physical_ids[FORWARDER]}-"
        processes: list[psutil.Process] = []
        for process in system.ledger.running()[emulator.PROCESS].children(recursive=True):
            with suppress(psutil.Error):
                if any(folder in argument for argument in process.cmdline()):
                    processes.append(process)
        return processes

    def enable(self, mapping_id: str, *, enabled: bool) -> None:
        """Enable or disable a mapping with Lambda's API."""
        self._live.client("lambda").update_event_source_mapping(UUID=mapping_id, Enabled=enabled)

    def await_stopped(self, logical_id: str) -> None:
        """Wait until no poller of a disabled mapping reads or invokes any more.

        Raises:
            TimeoutError: one still does.
        """
        system = self._live.system
        deadline = time.monotonic() + _STOPPED_SECONDS
        for name in poller_names(system, logical_id):
            while name in system.ledger.running() and self._stats(name).state != "disabled":
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} still reads {_STOPPED_SECONDS:g} s after its mapping was disabled")
                time.sleep(0.1)

    def _stats(self, name: str) -> Stats:
        return msgspec.json.decode(stats_file(self._live.system, name).read_bytes(), type=Stats)

    def _pollers(self) -> list[str]:
        system = self._live.system
        names: list[str] = []
        for source in system.stack.event_sources():
            names += poller_names(system, source.logical_id)
        return names

    @contextmanager
    def _killed_poller(self, act: Act) -> Iterator[str]:
        name = _pick(self._pollers(), act.draw)
        self._live.system.ledger.kill(name)
        try:
            yield name
        finally:
            start_pollers(self._live.system)

    @contextmanager
    def _paused_poller(self, act: Act) -> Iterator[str]:
        """Longer than a session lasts, so that its partitions go to another member while it believes to own them."""
        name, ledger = _pick(self._pollers(), act.draw), self._live.system.ledger
        ledger.pause(name)
        try:
            time.sleep(7.0)
            yield name
        finally:
            ledger.resume(name)

    @contextmanager
    def _killed_forwarder(self, act: Act) -> Iterator[str]:
        yield _signal(self.environments(), signal.SIGKILL)

    @contextmanager
    def _killed_behind_post(self, act: Act) -> Iterator[str]:
        """Vantiq takes the records and does not answer; then the environment dies."""
        before = self._standin.stats()["faults_played"].get("hang", 0)
        fault = {"action": "hang", "accept": True, "path": "/api/v1/resources/topics//msk/", "times": 1}
        self._standin.play([fault])
        try:
            deadline = time.monotonic() + _WAIT_SECONDS
            while self._standin.stats()["faults_played"].get("hang", 0) == before:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no POST within {_WAIT_SECONDS:g} s")
                time.sleep(0.02)
            yield _signal(self.environments(), signal.SIGKILL)
        finally:
            self._standin.play([])

    @contextmanager
    def _paused_forwarder(self, act: Act) -> Iterator[str]:
        """An environment stands still until Lambda ends it."""
        environments = self.environments()
        text = _signal(environments, signal.SIGSTOP)
        try:
            time.sleep(self._live.timeout_seconds + 1.0)
            yield text
        finally:
            _signal(environments, signal.SIGCONT)

    @contextmanager
    def _disabled_mapping(self, act: Act) -> Iterator[str]:
        source = _pick(self._live.system.stack.event_sources(), act.draw)
        self.enable(source.mapping_id, enabled=False)
        try:
            self.await_stopped(source.logical_id)
            yield source.logical_id
        finally:
            self.enable(source.mapping_id, enabled=True)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> str:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    return f"{len(processes)} environments"


def _pick[T](choices: list[T], draw: float) -> T:
    return choices[int(draw * len(choices))]
