"""Give Vantiq's sources the new pair: stop them, write secrets and logins, start them again.

A source reads its secret when it starts, and no source may start between the write of its secret and that of its user:
so all are stopped first. What was stopped is started again, whatever fails in between.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.connect.source_owner import MADE_HERE
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.rotation.sources import SourceRenewal, StoredSecret, plan_renewals, referred_secrets
from msk_toolkit.settings.vantiq import VantiqSettings
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.resources import VantiqResources
from msk_toolkit.vantiq.token import Token

_TYPE = "KAFKA"


class Renewed(NamedTuple):
    """The names of the sources that have the new pair now, and a sentence for each that has not."""

    sources: list[str]
    problems: list[str]


class RenewedResources(Protocol):
    """See :class:`msk_toolkit.vantiq.resources.VantiqResources`."""

    def find(self, kind: str, name: str) -> dict[str, Any] | None: ...
    def select(self, kind: str, where: dict[str, Any]) -> list[dict[str, Any]]: ...
    def update(self, kind: str, name: str, changes: dict[str, Any]) -> None: ...
    def set_active(self, source: str, *, active: bool) -> None: ...


def renew_sources(
    resources: RenewedResources,
    brokers: str,
    new: ScramCredentials,
    former: Collection[ScramCredentials],
    *,
    overdue_only: bool = False,
) -> Renewed:
    """Give the sources that are the toolkit's the new pair, and restart those that are active.

    Args:
        brokers: the cluster's, as ``host:port,host:port``.
        former: pairs that the toolkit's secret held before.
        overdue_only: leave those alone of which nothing shows that they still have another pair.

    Raises:
        VantiqError: the sources can't be looked for.
    """
    sources = resources.select("sources", {"type": _TYPE})
    own = [name for name in referred_secrets(sources) if _is_own(resources, name)]
    renewals = plan_renewals(sources, own, brokers, new, former)
    if overdue_only:
        # What a secret holds can't be read back; whose name is in the configuration can.
        renewals = [renewal for renewal in renewals if renewal.config is not None]
    return _Renewal(resources).run(renewals)


@contextmanager
def resources_of(settings: VantiqSettings, client: MakeClient, deadline: Deadline) -> Iterator[VantiqResources]:
    """Vantiq's resources with the stack's token, while they are needed.

    Raises:
        ConfigurationError: VANTIQ_TRUSTED_CA holds no certificate.
    """
    secrets = client("secretsmanager")
    vantiq = VantiqClient.from_settings(settings, Token(secrets, settings.vantiq_token_secret_arn), secrets)
    try:
        yield VantiqResources(vantiq, deadline)
    finally:
        vantiq.close()


def _is_own(resources: RenewedResources, secret: str) -> bool:
    stored = resources.find("secrets", secret)
    return stored is not None and stored.get("description") == MADE_HERE


class _Renewal:
    """The changes, a step for all sources before the next one; the first failure of a source is its problem."""

    def __init__(self, resources: RenewedResources) -> None:
        self._resources = resources
        self._problems: dict[str, str] = {}

    def run(self, renewals: Sequence[SourceRenewal]) -> Renewed:
        stopped = [renewal for renewal in renewals if renewal.active and self._done(renewal.name, self._stop(renewal))]
        running = {renewal.name for renewal in renewals if renewal.active} - {renewal.name for renewal in stopped}
        writable = [renewal for renewal in renewals if renewal.name not in running]
        self._write_secrets(writable, running, renewals)
        for renewal in writable:
            if renewal.config is not None and renewal.name not in self._problems:
                self._done(renewal.name, self._configure(renewal.name, renewal.config))
        for renewal in stopped:
            self._done(renewal.name, self._start(renewal))
        names = [renewal.name for renewal in renewals if renewal.name not in self._problems]
        return Renewed(names, [f"source {name}: {problem}" for name, problem in self._problems.items()])

    def _write_secrets(
        self, writable: Sequence[SourceRenewal], running: Collection[str], renewals: Sequence[SourceRenewal]
    ) -> None:
        """Each secret once; one that a source still reads, which could not be stopped, is left as it is."""
        kept = {renewal.secret.name for renewal in renewals if renewal.name in running and renewal.secret}
        written: dict[str, bool] = {}
        for renewal in writable:
            secret = renewal.secret
            if secret is None:
                continue
            if secret.name in kept:
                self._problems.setdefault(renewal.name, "its secret is also that of a source that could not be stopped")
            elif secret.name not in written:
                written[secret.name] = self._done(renewal.name, self._store(secret))
            elif not written[secret.name]:
                self._problems.setdefault(renewal.name, f"its secret {secret.name} could not be written")

    def _done(self, name: str, change: Callable[[], None]) -> bool:
        try:
            change()
        except VantiqError as error:
            self._problems.setdefault(name, str(error))
            return False
        return True

    def _stop(self, renewal: SourceRenewal) -> Callable[[], None]:
        return lambda: self._resources.set_active(renewal.name, active=False)

    def _start(self, renewal: SourceRenewal) -> Callable[[], None]:
        return lambda: self._resources.set_active(renewal.name, active=True)

    def _store(self, secret: StoredSecret) -> Callable[[], None]:
        instance = {"name": secret.name, "description": MADE_HERE, "secret": secret.text}
        return lambda: self._resources.update("secrets", secret.name, instance)

    def _configure(self, name: str, config: dict[str, Any]) -> Callable[[], None]:
        return lambda: self._resources.update("sources", name, {"name": name, "type": _TYPE, "config": config})
