"""Two users: whoever logs in reads one secret, which holds a copy of the pair of one of them.

1. The other user, whom nobody uses, gets a new password in its own secret, which MSK watches.
2. The pair is proven by a login through each broker, however long MSK takes to apply it.
3. Only then does the secret that is read hold that pair. The former pair is accepted until the next rotation.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msk_toolkit.aws.secret_versions import CURRENT, PENDING, PREVIOUS, SecretVersions
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.rotation.pair import HeldPair, current_pair, new_password, pair_of
from msk_toolkit.rotation.proof import UnprovenError
from msk_toolkit.rotation.single import prove_set_up
from msk_toolkit.rotation.steps import CHECK_SECONDS, Prove, RotationRefusedError, RotationUndoneError, StepResult


class User(NamedTuple):
    """A user's own secret, associated with the cluster, and what it holds."""

    secret: SecretVersions
    held: HeldPair


class AlternatingUsers:
    """The steps.

    Args:
        login: the secret that everybody reads; it is not associated with the cluster.
        users: the two users' own secrets.
        renew_overdue: moves what an earlier rotation has left with the other user; says what it could not move.
    """

    def __init__(
        self, login: SecretVersions, users: Sequence[SecretVersions], prove: Prove, renew_overdue: Callable[[], str]
    ) -> None:
        self._login = login
        self._users = users
        self._prove = prove
        self._renew_overdue = renew_overdue

    def create(self, token: str) -> StepResult:
        """Put the other user with a new password into the pending version, unless it is there."""
        if self._login.text_of(token) is not None:
            return StepResult(did="nothing: the new pair exists")
        held = current_pair(self._login)
        other = self._standby(held.pair)
        pair = ScramCredentials(other.held.pair.username, new_password())
        self._login.put(held.with_pair(pair), token, PENDING)
        return StepResult(did="made a new password for the user that is not in use")

    def set(self, token: str) -> StepResult:
        """Give the other user its new password, in its own secret, once the pair in use is known to be well."""
        pair, in_use = pair_of(self._login, token).pair, current_pair(self._login).pair
        other = self._standby(in_use)
        if other.held.pair == pair:
            return StepResult(did="nothing: the user's secret holds the new password")
        if other.held.pair.username != pair.username:
            raise RotationRefusedError("the pending pair is not of the user that is not in use")
        proof = self._prove(in_use, CHECK_SECONDS)
        left_behind = self._renew_overdue()
        if left_behind:
            raise RotationRefusedError(f"the user that is to get a new password is still in use: {left_behind}")
        other.secret.put(other.held.with_pair(pair), token, CURRENT)
        return StepResult(did="proved the pair in use, and gave the other user its new password", proof=proof)

    def test(self, token: str) -> StepResult:
        """Prove the new pair through each broker; without that, the other user has its former password again.

        Raises:
            RotationUndoneError: it is not proven; nobody has used it.
        """
        set_up = prove_set_up(self._login, self._login.text_of(token), self._prove)
        if set_up is not None:
            return set_up
        pair = pair_of(self._login, token).pair
        try:
            proof = self._prove(pair, None)
        except UnprovenError as error:
            self._go_back(token)
            raise RotationUndoneError(
                f"the new password was not accepted by each broker in time, so its user has the former one again; the "
                f"pair in use was not touched: {error}"
            ) from error
        return StepResult(did="each broker accepts the new pair", proof=proof)

    def finish(self, token: str) -> StepResult:
        """Let everybody read the new pair; the former one is accepted until the next rotation."""
        labels = self._login.labels()
        current = labels.version_with(CURRENT)
        if current != token:
            self._login.make_current(token, current)
        return StepResult(did="the secret holds the new pair; the former one is accepted as well", moved=True)

    def _standby(self, in_use: ScramCredentials) -> User:
        """The user that nobody uses.

        Raises:
            RotationRefusedError: the secrets do not say which one that is.
        """
        users = [User(secret, current_pair(secret)) for secret in self._users]
        return standby(users, in_use)

    def _go_back(self, token: str) -> None:
        for secret in self._users:
            labels = secret.labels()
            former = labels.version_with(PREVIOUS)
            if former and labels.version_with(CURRENT) == token:
                secret.make_current(former, token)
        self._login.drop_pending(token)


def standby(users: Sequence[User], in_use: ScramCredentials) -> User:
    """Of two users the one that is not in use.

    Raises:
        RotationRefusedError: both have the same name, neither is in use, or the password in use is not its user's.
    """
    names = [user.held.pair.username for user in users]
    ids = " and ".join(user.secret.secret_id for user in users)
    if len(set(names)) != len(users):
        raise RotationRefusedError(f"{ids} hold the same user: each needs a user of its own")
    active = [user for user in users if user.held.pair.username == in_use.username]
    if not active:
        raise RotationRefusedError(
            f"the user in ScramSecretArn is neither that of {ids}: store a copy of one of these secrets in it"
        )
    if active[0].held.pair != in_use:
        raise RotationRefusedError(
            f"ScramSecretArn and {active[0].secret.secret_id} hold different passwords of one user: store a copy of "
            "the latter in ScramSecretArn"
        )
    return next(user for user in users if user is not active[0])
