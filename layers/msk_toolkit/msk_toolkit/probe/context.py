"""What the AWS APIs add to a verdict: the cluster's state, and the reasons for a refused login."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from msk_toolkit.aws.call import PendingCall
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.cluster import ClusterState, cluster_state
from msk_toolkit.msk.observe_secret import secret_findings
from msk_toolkit.probe.results import BrokerReport, Verdict
from msk_toolkit.probe.verdict import explained_by_planned_work
from msk_toolkit.settings.cluster import ClusterSettings

# The APIs answer in a fraction of that; without an endpoint they never do.
_PATIENCE_SECONDS = 4.0
# The number of brokers matters only where a broker has left the metadata: a healthy run does not wait longer for it.
_GRACE_SECONDS = 1.0


class ClusterContext(Protocol):
    """What is known of the cluster from elsewhere than its brokers. A verdict can do without all of it."""

    def expected_brokers(self) -> int | None:
        """How many brokers the cluster should have; None where that is unknown."""

    def state(self) -> ClusterState | None:
        """MSK's state of the cluster; None where it is unknown."""

    def login_findings(self) -> list[str]:
        """Why brokers may have refused the login, as far as the secret shows it."""


class KnownContext(msgspec.Struct, frozen=True):
    """A context that has been asked for before; empty where nothing is known."""

    cluster: ClusterState | None = None
    secret: Sequence[str] = ()

    def expected_brokers(self) -> int | None:
        return self.cluster.brokers if self.cluster else None

    def state(self) -> ClusterState | None:
        return self.cluster

    def login_findings(self) -> list[str]:
        return list(self.secret)


class ControlPlane:
    """MSK and Secrets Manager. MSK is asked in the background, while the brokers are probed."""

    def __init__(self, settings: ClusterSettings, client: MakeClient, deadline: Deadline) -> None:
        self._settings = settings
        self._client = client
        self._deadline = deadline
        self._description: PendingCall[ClusterState | None] | None = None
        if settings.cluster_arn:
            self._description = PendingCall("asking MSK for the cluster's state", self._describe)

    def expected_brokers(self) -> int | None:
        """How many brokers the cluster should have; None where MSK has not answered by now, or within a second."""
        state = self.state(_GRACE_SECONDS)
        return state.brokers if state else None

    def state(self, seconds: float = _PATIENCE_SECONDS) -> ClusterState | None:
        """The cluster's state, waited for so long; None where MSK can't be asked."""
        if self._description is None:
            return None
        try:
            return self._description.answer(self._deadline.at_most(seconds))
        except ToolkitError:
            return None

    def login_findings(self) -> list[str]:
        """What is wrong with the secret and its association with the cluster; nothing outside MSK, which has no such
        conditions."""
        settings = self._settings
        if not settings.scram_secret_arn or not settings.cluster_arn:
            return []
        deadline = self._deadline.at_most(_PATIENCE_SECONDS)
        secret, cluster, users = settings.scram_secret_arn, settings.cluster_arn, settings.user_secrets()
        return secret_findings(self._client, secret, cluster, deadline, users=users)

    def _describe(self) -> ClusterState | None:
        deadline = self._deadline.at_most(_PATIENCE_SECONDS)
        return cluster_state(self._client("kafka"), self._settings.cluster_arn, deadline)


def explain(verdict: Verdict, reports: Sequence[BrokerReport], context: ClusterContext) -> Verdict:
    """The verdict with MSK's state and the findings; a healthy one needs no explanation.

    It is ``planned`` only where the state explains everything that fails.
    """
    if verdict.status == "healthy":
        return verdict
    state = context.state()
    findings = _findings(verdict, context)
    if state is None:
        return msgspec.structs.replace(verdict, findings=findings)
    planned = _is_planned(state, verdict, reports)
    summary = verdict.summary
    if planned:
        summary += f"; MSK says {state.state}: planned"
    return msgspec.structs.replace(
        verdict, summary=summary, cluster_state=state.state, planned=planned, findings=findings
    )


def _findings(verdict: Verdict, context: ClusterContext) -> list[str]:
    if verdict.cause is Cause.AUTHENTICATION_FAILED:
        return context.login_findings()
    return []


def _is_planned(state: ClusterState, verdict: Verdict, reports: Sequence[BrokerReport]) -> bool:
    return state.planned and verdict.status == "degraded" and explained_by_planned_work(reports)
