"""Faults of Vantiq, S3 and Secrets Manager, and what operators run meanwhile."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local.aws.functions import FunctionError, FunctionUnavailableError
from local.system import VANTIQ
from tests.chaos.adversary import Carry
from tests.chaos.live import Live
from tests.chaos.schedule import Act
from tests.chaos.vantiq_faults import StandIn, passing_faults

_SHARE = 0.5


class PeerActs:
    """What the adversary does to those that the forwarder talks to."""

    def __init__(self, live: Live, standin: StandIn) -> None:
        self._live, self._standin = live, standin
        self._failing = live.system.run / "aws" / "failing.json"

    def acts(self) -> Mapping[str, Carry]:
        """By their kinds."""
        return {
            "play faults of Vantiq": self._faults,
            "restart Vantiq": self._restarted,
            "rotate the Vantiq token": self._rotated,
            "fail S3": lambda _: self._failed("s3"),
            "fail Secrets Manager": lambda _: self._failed("secretsmanager"),
            "run the probes": lambda _: self._invoked({"ProducerProbeFunction": {}, "ConsumerProbeFunction": {}}),
            "check for drift": lambda _: self._invoked({"TopicsFunction": {"action": "check"}}),
            "check the targets": lambda _: self._invoked({"ConnectFunction": {"action": "check"}}),
            "redrive the letters": lambda _: self._invoked({"RedriveFunction": {"action": "replay", "dry_run": False}}),
        }

    def heal(self) -> None:
        """Have every peer answer, with the token that is stored."""
        self._failing.unlink(missing_ok=True)
        if VANTIQ not in self._live.system.ledger.running():
            self._live.system.start_vantiq()
        self._standin.play([])
        self._store_token()

    @contextmanager
    def _faults(self, act: Act) -> Iterator[str]:
        faults = passing_faults(act.draw)
        self._standin.play(faults)
        try:
            yield ", ".join(f"{fault['action']} {fault.get('status', '')}".strip() for fault in faults)
        finally:
            self._standin.play([])

    @contextmanager
    def _restarted(self, act: Act) -> Iterator[str]:
        self._live.system.ledger.kill(VANTIQ)
        try:
            yield f"gone for {act.hold:.1f} s"
        finally:
            self._live.system.start_vantiq()
            self._standin.play([])

    @contextmanager
    def _rotated(self, act: Act) -> Iterator[str]:
        self._standin.request("POST", "rotate-token")
        try:
            yield f"the secret had the old one for {act.hold:.1f} s"
        finally:
            self._store_token()

    def _store_token(self) -> None:
        system = self._live.system
        secret = json.dumps({"token": system.vantiq_token_file.read_text().strip()})
        arn = system.resources.vantiq_secret_arn
        self._live.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=secret)

    @contextmanager
    def _failed(self, service: str) -> Iterator[str]:
        self._failing.write_text(json.dumps({service: _SHARE}))
        try:
            yield f"{_SHARE:.0%} of the requests"
        finally:
            self._failing.unlink()

    @contextmanager
    def _invoked(self, events: Mapping[str, Any]) -> Iterator[str]:
        """What a function says of a system in this state is its own business: it must end, and harm nothing."""
        results = []
        for function, event in events.items():
            try:
                self._live.function(function).invoke(event)
                results.append(f"{function} answered")
            except (FunctionError, FunctionUnavailableError) as error:
                results.append(f"{function}: {str(error)[:80]}")
        yield "; ".join(results)
