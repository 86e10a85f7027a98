"""What the four steps of a rotation have in common: which version is meant, and when nothing is left to do.

Secrets Manager calls each step with the token of the new version, and the whole rotation again where a step fails (its
user guide, "Rotation by Lambda function", read on 2026-11-29): each step may find its own work done.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from msk_toolkit.aws.secret_versions import CURRENT, PENDING, SecretLabels
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.rotation.proof import LoginProof

StepName = Literal["createSecret", "setSecret", "testSecret", "finishSecret"]
# Proves a login within so many seconds, or as long as the invocation has time.
Prove = Callable[[ScramCredentials, float | None], LoginProof]
# The pair in use must work before anything is changed; a restarting broker comes back within this.
CHECK_SECONDS = 60.0


class RotationRefusedError(ToolkitError):
    """A rotation that must not begin or go on; nothing was changed."""


class RotationUndoneError(ToolkitError):
    """The new password could not be proven; the secret is as it was before."""


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a step did.

    ``proof`` is there where a login was proven. ``moved`` tells that whoever reads the secret has another pair now.
    """

    did: str
    proof: LoginProof | None = None
    moved: bool = False


class RotationSteps(Protocol):
    """The four steps, as one user or two of them take them. Each raises ToolkitError where it fails."""

    def create(self, token: str) -> StepResult: ...
    def set(self, token: str) -> StepResult: ...
    def test(self, token: str) -> StepResult: ...
    def finish(self, token: str) -> StepResult: ...


def is_over(labels: SecretLabels, token: str) -> bool:
    """Whether the version is current already; for one that is neither current nor pending there is no rotation.

    Raises:
        RotationRefusedError: the secret is not rotated, or the version is not the pending one.
    """
    if not labels.rotation_enabled:
        raise RotationRefusedError("the secret has no rotation: set ScramRotationDays, and the stack switches it on")
    if CURRENT in labels.of(token):
        return True
    if PENDING not in labels.of(token):
        raise RotationRefusedError(
            f"version {token} is not {PENDING}: its rotation is over, or was undone; to rotate now, run "
            "aws secretsmanager rotate-secret"
        )
    return False


def take_step(steps: RotationSteps, step: StepName, labels: SecretLabels, token: str) -> StepResult:
    """Take a step; one whose work is done answers so.

    Raises:
        RotationRefusedError: nothing was changed.
        RotationUndoneError: what was changed has been changed back.
        ToolkitError: AWS or the secrets; the rotation may be tried again.
    """
    over = is_over(labels, token)
    if step == "finishSecret":
        return steps.finish(token)
    if over:
        return StepResult(did="nothing: the version is current already")
    take = {"createSecret": steps.create, "setSecret": steps.set, "testSecret": steps.test}[step]
    return take(token)
