"""An event of the rotation function.

1. A step of Secrets Manager's is taken as one user or two alternating users take it.
2. When the secret that everybody reads holds another pair, Vantiq's registered sources get it, and are restarted.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.secret_versions import SecretVersions
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, ToolkitError
from msk_toolkit.kafka.access import Access
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.rotation.alternating import AlternatingUsers
from msk_toolkit.rotation.pair import current_pair, former_pairs
from msk_toolkit.rotation.proof import LoginProof, prove_login
from msk_toolkit.rotation.renewal import Renewed, renew_sources, resources_of
from msk_toolkit.rotation.request import RotationResponse, SourcesRequest, StepRequest, parse_rotation_request
from msk_toolkit.rotation.single import SingleUser
from msk_toolkit.rotation.steps import RotationSteps, StepResult, take_step
from msk_toolkit.rotation.telemetry import report_failure, report_rotation
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.rotation import RotationSettings
from msk_toolkit.settings.vantiq import VantiqSettings

# What going back needs when the proof has used up its time.
_UNDO_SECONDS = 60.0


class RotationServices(NamedTuple):
    """What the rotation function works with; ``logger`` and ``metrics`` are those of Powertools."""

    environ: Mapping[str, str]
    client: MakeClient
    logger: Any
    metrics: Any


def handle_rotation_event(event: Any, services: RotationServices, deadline: Deadline) -> dict[str, Any]:
    """Serve an event.

    Raises:
        ConfigurationError: with every mistake in the event, or in the environment.
        ToolkitError: the step has failed; Secrets Manager tries the rotation again, or it was undone.
    """
    request = parse_rotation_request(event)
    settings = load(RotationSettings, services.environ)
    rotation = _Rotation(settings, services, deadline)
    try:
        response = rotation.serve(request)
    except ToolkitError as error:
        report_failure(_name(request), error, services.logger)
        raise
    report_rotation(_name(request), response, services.logger, services.metrics, detailed=settings.detailed_metrics)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict


def _name(request: StepRequest | SourcesRequest) -> str:
    if isinstance(request, StepRequest):
        return request.step
    return request.action


class _Rotation:
    """One invocation: the brokers are found once, and every login of it goes through them."""

    def __init__(self, settings: RotationSettings, services: RotationServices, deadline: Deadline) -> None:
        self._settings = settings
        self._environ = services.environ
        self._client = services.client
        self._deadline = deadline
        self._found: Access | None = None

    def serve(self, request: StepRequest | SourcesRequest) -> RotationResponse:
        if isinstance(request, SourcesRequest):
            renewed = self._renewed(self._versions(self._settings.scram_secret_arn))
            return RotationResponse(did="renewed Vantiq's sources", sources=renewed.sources, problems=renewed.problems)
        if not _names(self._settings.scram_secret_arn, request.secret_id):
            raise ConfigurationError("event", [f"SecretId {request.secret_id} is not the secret of ScramSecretArn"])
        login = self._versions(request.secret_id)
        done = take_step(self._steps(login), request.step, login.labels(), request.client_request_token)
        renewed = self._renewed(login) if done.moved else Renewed([], [])
        return _response(done, renewed)

    def _steps(self, login: SecretVersions) -> RotationSteps:
        users = self._settings.user_secrets()
        if users:
            others = [self._versions(arn) for arn in users]
            return AlternatingUsers(login, others, self._prove, lambda: self._left_behind(login))
        return SingleUser(login, self._prove)

    def _prove(self, pair: ScramCredentials, seconds: float | None) -> LoginProof:
        as_user = msgspec.structs.replace(self._access(), username=pair.username, password=pair.password)
        proof_ends = self._deadline.at_most(max(0.0, self._deadline.remaining() - _UNDO_SECONDS))
        if seconds is not None:
            proof_ends = proof_ends.at_most(seconds)
        return prove_login(as_user, proof_ends, self._settings.stage_timeout_seconds)

    def _access(self) -> Access:
        if self._found is None:
            self._found = cluster_access(self._settings, self._client, self._deadline)
        return self._found

    def _renewed(self, login: SecretVersions) -> Renewed:
        """Whatever keeps Vantiq's sources from the pair is a problem; the rotation itself has succeeded."""
        try:
            return self._renew(login, overdue_only=False)
        except ToolkitError as error:
            return Renewed([], [f"Vantiq's sources can't be looked for: {error}"])

    def _left_behind(self, login: SecretVersions) -> str:
        try:
            return "; ".join(self._renew(login, overdue_only=True).problems)
        except ToolkitError:
            # Whether a source is overdue is not known. Behind the rotation it is mailed.
            return ""

    def _renew(self, login: SecretVersions, *, overdue_only: bool) -> Renewed:
        pair, former = current_pair(login).pair, former_pairs(login)
        brokers = ",".join(map(str, self._access().brokers))
        vantiq = load(VantiqSettings, self._environ)
        with resources_of(vantiq, self._client, self._deadline) as resources:
            return renew_sources(resources, brokers, pair, former, overdue_only=overdue_only)

    def _versions(self, secret_id: str) -> SecretVersions:
        return SecretVersions(self._client("secretsmanager"), secret_id, self._deadline)


def _names(configured: str, arn: str) -> bool:
    """Whether an ARN is that of the configured secret, which may be given without the six characters at its end."""
    return arn == configured or arn.rpartition("-")[0] == configured


def _response(done: StepResult, renewed: Renewed) -> RotationResponse:
    response = RotationResponse(did=done.did, sources=renewed.sources, problems=renewed.problems)
    if done.proof is None:
        return response
    return msgspec.structs.replace(response, brokers=list(done.proof.brokers), seconds=done.proof.seconds)
