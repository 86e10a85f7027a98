"""What the AWS APIs add to a verdict: the cluster's state, and the reasons for a refused login."""

from collections.abc import Sequence

import msgspec

from msk_toolkit.aws.call import BegunCall
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.cluster import ClusterState, cluster_state
from msk_toolkit.msk.observe_secret import secret_findings
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.probe.verdict import explained_by_planned_work
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.stage import CONSUMER_STAGES, PRODUCER_STAGES

# The APIs answer in a fraction of that; without an endpoint they never do.
_PATIENCE_SECONDS = 4.0
# For a count that only a broker that left the metadata needs, a healthy run is not held up.
_GRACE_SECONDS = 1.0


def in_context(
    verdict: Verdict, reports: Sequence[BrokerReport], state: ClusterState | None, findings: list[str]
) -> Verdict:
    """The verdict with MSK's state and what was found out; ``planned`` only where the state explains all that fails."""
    if state is None and not findings:
        return verdict
    text = verdict.summary
    planned = bool(state and state.planned and verdict.status == "degraded" and explained_by_planned_work(reports))
    if state and planned:
        text += f"; MSK says {state.state}: planned"
    return msgspec.structs.replace(
        verdict, summary=text, cluster_state=state.state if state else None, planned=planned, findings=findings
    )


def with_verdict[Response: ProducerProbeResponse | ConsumerProbeResponse](
    response: Response, verdict: Verdict
) -> Response:
    """The response with another verdict, in its table too."""
    if verdict == response.verdict:
        return response
    stages = PRODUCER_STAGES if isinstance(response, ProducerProbeResponse) else CONSUMER_STAGES
    groups = response.groups if isinstance(response, ConsumerProbeResponse) else []
    table = render_probe(verdict, response.brokers, stages, groups)
    return msgspec.structs.replace(response, verdict=verdict, table=table)


class ControlPlane:
    """MSK's view of the cluster, asked for while the brokers are probed; nothing in it is needed for a verdict."""

    def __init__(self, settings: ClusterSettings, client: MakeClient, deadline: Deadline) -> None:
        self._deadline = deadline
        arn = settings.cluster_arn
        self._asked = (
            BegunCall(
                "asking MSK for the cluster's state",
                lambda: cluster_state(client("kafka"), arn, deadline.at_most(_PATIENCE_SECONDS)),
            )
            if arn
            else None
        )

    def expected_brokers(self) -> int | None:
        """How many brokers the cluster should have; None where MSK has not said so until the brokers have answered."""
        state = self.state(_GRACE_SECONDS)
        return state.brokers if state else None

    def state(self, seconds: float = _PATIENCE_SECONDS) -> ClusterState | None:
        """The cluster's state, waited for so long; None where MSK can't be asked."""
        if self._asked is None:
            return None
        try:
            return self._asked.answer(self._deadline.at_most(seconds))
        except ToolkitError:
            return None


def explain(
    verdict: Verdict,
    reports: Sequence[BrokerReport],
    settings: ClusterSettings,
    client: MakeClient,
    deadline: Deadline,
    control_plane: ControlPlane | None = None,
) -> Verdict:
    """Hear MSK, and ask Secrets Manager where a login was refused; a healthy verdict needs no explanation.

    Args:
        control_plane: MSK, where it has been asked already.
    """
    if verdict.status == "healthy":
        return verdict
    patience = deadline.at_most(_PATIENCE_SECONDS)
    state = (control_plane or ControlPlane(settings, client, deadline)).state()
    findings: list[str] = []
    if verdict.cause == Cause.AUTHENTICATION_FAILED and settings.scram_secret_arn:
        findings = secret_findings(client, settings.scram_secret_arn, settings.cluster_arn, patience)
    return in_context(verdict, reports, state, findings)
