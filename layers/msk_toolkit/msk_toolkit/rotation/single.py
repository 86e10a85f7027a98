"""One user: MSK takes its password from the current version of its secret, so the new one becomes current first.

From then until MSK has applied it, at most ten minutes, whoever logs in with what the secret holds is refused: with one
user there is no way around that. The last step waits for the proof; without it the former version is current again.
"""

import msgspec

from msk_toolkit.aws.secret_versions import CURRENT, PENDING, PREVIOUS, SecretVersions
from msk_toolkit.rotation.pair import HeldPair, current_pair, new_password, pair_of
from msk_toolkit.rotation.proof import UnprovenError
from msk_toolkit.rotation.steps import CHECK_SECONDS, Prove, RotationRefusedError, RotationUndoneError, StepResult


class SingleUser:
    """The steps; the secret is the one that is associated with the cluster."""

    def __init__(self, secret: SecretVersions, prove: Prove) -> None:
        self._secret = secret
        self._prove = prove

    def create(self, token: str) -> StepResult:
        """Put a new password into the pending version, unless there is one."""
        if self._secret.text_of(token) is not None:
            return StepResult(did="nothing: the new password exists")
        held = current_pair(self._secret)
        renewed = msgspec.structs.replace(held.pair, password=new_password())
        self._secret.put(held.with_pair(renewed), token, PENDING)
        return StepResult(did="made a new password for the same user")

    def set(self, token: str) -> StepResult:  # noqa: ARG002 - as all steps are called
        """Change nothing: MSK reads the current version only. The brokers must be well before that one changes."""
        proof = self._prove(current_pair(self._secret).pair, CHECK_SECONDS)
        return StepResult(did="proved the password in use; MSK reads the new one when it is current", proof=proof)

    def test(self, token: str) -> StepResult:
        """Nothing can be tested before it is current; what Secrets Manager tests is whether rotation is set up."""
        return prove_set_up(self._secret, self._secret.text_of(token), self._prove) or StepResult(
            did="nothing: no broker knows the password before it is current"
        )

    def finish(self, token: str) -> StepResult:
        """Make the new password current, and wait until each broker accepts it; without that, go back.

        Raises:
            RotationUndoneError: the former version is current again.
        """
        held = pair_of(self._secret, token)
        former = self._make_current(token)
        try:
            proof = self._prove(held.pair, None)
        except UnprovenError as error:
            self._go_back(former, token, error)
        did = f"each broker accepts the new password; logins with it were refused for up to {proof.seconds:.0f} s"
        return StepResult(did=did, proof=proof, moved=True)

    def _make_current(self, token: str) -> str:
        """The version before it; it is current already where an earlier attempt got so far."""
        labels = self._secret.labels()
        former = labels.version_with(CURRENT)
        if former == token:
            return labels.version_with(PREVIOUS)
        self._secret.make_current(token, former)
        return former

    def _go_back(self, former: str, token: str, error: UnprovenError) -> None:
        if not former:
            raise RotationRefusedError(
                f"the new password is not proven, and there is no former one: {error}"
            ) from error
        self._secret.make_current(former, token)
        if PENDING in self._secret.labels().of(token):
            self._secret.drop_pending(token)
        raise RotationUndoneError(
            f"the new password was not accepted by each broker in time, so version {former} is current again, which "
            f"MSK may take 10 minutes to apply: {error}"
        ) from error


def prove_set_up(secret: SecretVersions, pending: str | None, prove: Prove) -> StepResult | None:
    """Secrets Manager's own test, when rotation is switched on: a pending version with nothing new in it.

    None where the version holds something else than the current one.
    """
    held: HeldPair = current_pair(secret)
    if pending is not None and pending != held.text:
        return None
    return StepResult(did="proved the password in use: rotation is set up", proof=prove(held.pair, CHECK_SECONDS))
