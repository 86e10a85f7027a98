"""Secrets Manager's four steps, for one user and two that alternate: what each leaves behind, also where it fails."""

import json
from collections.abc import Callable

import pytest
from msk_toolkit.aws.secret_versions import CURRENT, PENDING, SecretVersions
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.credentials import ScramCredentials, parse_credentials
from msk_toolkit.rotation.alternating import AlternatingUsers
from msk_toolkit.rotation.proof import LoginProof, UnprovenError
from msk_toolkit.rotation.single import SingleUser
from msk_toolkit.rotation.steps import RotationRefusedError, RotationSteps, RotationUndoneError, StepResult, take_step

from tests.fakes.rotating_secrets import STEPS, SecretStore

LOGIN, ONE, TWO = "AmazonMSK_login", "AmazonMSK_one", "AmazonMSK_two"


def held(username: str, password: str) -> str:
    return json.dumps({"username": username, "password": password, "owner": "team"})


class Cluster:
    """Brokers that accept what MSK has applied; ``apply`` is MSK noticing the current versions."""

    def __init__(self, store: SecretStore, *associated: str) -> None:
        self.store = store
        self.associated = associated
        self.accepted: set[ScramCredentials] = set()
        self.applies = True
        # Checked at each proof, which is where time passes.
        self.meanwhile: Callable[[], None] = lambda: None
        self.apply()

    def apply(self) -> None:
        pairs = [parse_credentials(self.store.current(name), name) for name in self.associated]
        self.accepted = set(pairs)

    def prove(self, pair: ScramCredentials, seconds: float | None) -> LoginProof:
        self.meanwhile()
        if seconds is None and self.applies:
            self.apply()
        if pair not in self.accepted:
            raise UnprovenError([], [])
        return LoginProof(("b-1:9096",), 1.0)


class World:
    """A secret that everybody reads, what is behind it, and the steps of its rotation."""

    def __init__(self, *, alternating: bool) -> None:
        self.store = SecretStore()
        self.store.create(LOGIN, held("one", "first"), rotates=True)
        users: tuple[str, ...] = ()
        if alternating:
            users = (
                self.store.create(ONE, held("one", "first")),
                self.store.create(TWO, held("two", "second")),
            )
        self.cluster = Cluster(self.store, *(users or (LOGIN,)))
        self.left_behind = ""
        secrets = [self.versions(name) for name in users]
        self.steps: RotationSteps = SingleUser(self.versions(LOGIN), self.cluster.prove)
        if alternating:
            self.steps = AlternatingUsers(self.versions(LOGIN), secrets, self.cluster.prove, lambda: self.left_behind)

    def versions(self, name: str) -> SecretVersions:
        return SecretVersions(self.store.aws("secretsmanager"), name, Deadline(20))

    def take(self, step: str, token: str) -> StepResult:
        return take_step(self.steps, step, self.versions(LOGIN).labels(), token)  # type: ignore[arg-type]  # a text

    def take_all(self, token: str) -> None:
        for step in STEPS:
            self.take(step, token)

    def rotate(self) -> str:
        token = self.store.begin(LOGIN)
        self.take_all(token)
        return token

    def pair(self, name: str = LOGIN) -> ScramCredentials:
        return parse_credentials(self.store.current(name), name)


@pytest.fixture(params=[False, True], ids=["single", "alternating"])
def world(request: pytest.FixtureRequest) -> World:
    return World(alternating=request.param)


def test_one_user_gets_a_new_password_and_its_secret_keeps_everything_else() -> None:
    world = World(alternating=False)
    token = world.rotate()
    document = json.loads(world.store.current(LOGIN))
    assert (document["username"], document["owner"]) == ("one", "team")
    assert len(document["password"]) == 40
    assert world.store.labels(LOGIN)[token] == {CURRENT, PENDING}


def test_two_users_alternate_and_the_former_pair_is_accepted_until_the_next_rotation() -> None:
    world = World(alternating=True)
    names = []
    for _ in range(3):
        former = world.pair()
        world.rotate()
        names.append(world.pair().username)
        assert {former, world.pair()} <= world.cluster.accepted
        assert json.loads(world.store.current(LOGIN))["owner"] == "team"
    assert names == ["two", "one", "two"]


def test_with_two_users_what_everybody_reads_is_accepted_at_every_moment() -> None:
    world = World(alternating=True)
    world.cluster.meanwhile = lambda: accepted.append(world.pair() in world.cluster.accepted)
    accepted: list[bool] = []
    for _ in range(3):
        token = world.store.begin(LOGIN)
        for step in STEPS:
            world.take(step, token)
            accepted.append(world.pair() in world.cluster.accepted)
    assert len(accepted) > 12
    assert all(accepted)


def test_a_step_that_is_taken_again_changes_nothing_more(world: World) -> None:
    token = world.store.begin(LOGIN)
    for step in STEPS:
        world.take(step, token)
        before = world.store.everything()
        # Secrets Manager tries the whole rotation again.
        for again in STEPS[: STEPS.index(step) + 1]:
            world.take(again, token)
        assert world.store.everything() == before


def test_a_password_that_is_not_proven_is_undone_and_a_retry_changes_nothing(world: World) -> None:
    world.cluster.applies = False
    former, token = world.pair(), world.store.begin(LOGIN)
    with pytest.raises(RotationUndoneError, match="not accepted by each broker"):
        world.take_all(token)
    assert world.pair() == former
    assert all(world.pair(name) in world.cluster.accepted for name in world.cluster.associated)
    assert PENDING not in set().union(*world.store.labels(LOGIN).values())
    before = world.store.everything()
    for step in STEPS:
        with pytest.raises(RotationRefusedError, match="undone"):
            world.take(step, token)
    assert world.store.everything() == before
    # And the next one can begin.
    world.cluster.applies = True
    world.rotate()
    assert world.pair() in world.cluster.accepted


def test_one_users_last_step_that_was_cut_off_is_proven_or_undone_when_it_is_taken_again() -> None:
    world = World(alternating=False)
    former, token = world.pair(), world.store.begin(LOGIN)
    for step in STEPS[:3]:
        world.take(step, token)
    world.versions(LOGIN).make_current(token, world.versions(LOGIN).labels().version_with(CURRENT))
    world.cluster.applies = False
    with pytest.raises(RotationUndoneError):
        world.take("finishSecret", token)
    assert world.pair() == former


def test_nothing_is_changed_while_the_pair_in_use_does_not_work(world: World) -> None:
    token = world.store.begin(LOGIN)
    world.take("createSecret", token)
    world.cluster.accepted.clear()
    before = world.store.everything()
    with pytest.raises(UnprovenError):
        world.take("setSecret", token)
    assert world.store.everything() == before


@pytest.mark.parametrize("text", [None, held("one", "first")], ids=["empty", "a copy"])
def test_secrets_managers_own_test_of_the_set_up_proves_the_pair_in_use_and_changes_nothing(
    world: World, text: str | None
) -> None:
    token = world.store.begin(LOGIN)
    if text:
        world.versions(LOGIN).put(text, token, PENDING)
    before = world.store.everything()
    assert world.take("testSecret", token).proof is not None
    assert world.store.everything() == before


def test_a_user_that_something_still_logs_in_as_gets_no_new_password() -> None:
    world = World(alternating=True)
    token = world.store.begin(LOGIN)
    world.take("createSecret", token)
    world.left_behind = "source Orders: refused"
    before = world.store.everything()
    with pytest.raises(RotationRefusedError, match="still in use: source Orders"):
        world.take("setSecret", token)
    assert world.store.everything() == before


@pytest.mark.parametrize(
    ("login", "two", "said"),
    [
        (held("three", "x"), held("two", "second"), "neither that of"),
        (held("one", "other"), held("two", "second"), "different passwords"),
        (held("one", "first"), held("one", "second"), "the same user"),
    ],
)
def test_secrets_that_contradict_each_other_are_named_and_nothing_is_changed(login: str, two: str, said: str) -> None:
    world = World(alternating=True)
    world.store.create(LOGIN, login, rotates=True)
    world.store.create(TWO, two)
    token = world.store.begin(LOGIN)
    before = world.store.everything()
    with pytest.raises(RotationRefusedError, match=said):
        world.take("createSecret", token)
    assert world.store.everything() == before


def test_a_version_that_is_not_pending_and_a_secret_without_rotation_are_refused(world: World) -> None:
    with pytest.raises(RotationRefusedError, match="is not AWSPENDING"):
        world.take("createSecret", "4f1d9e9e-0000-4000-8000-000000000000")
    world.store.create(LOGIN, held("one", "first"))
    with pytest.raises(RotationRefusedError, match="ScramRotationDays"):
        world.take("createSecret", world.store.begin(LOGIN))


def test_no_error_and_no_text_form_has_a_password(world: World) -> None:
    world.cluster.applies = False
    token, texts = world.store.begin(LOGIN), []
    try:
        texts += [str(world.take(step, token)) for step in STEPS]
    except ToolkitError as error:
        texts.append(repr(error))
    stored = [text for versions, _ in world.store.everything().values() for text in versions.values() if text]
    passwords = [json.loads(text)["password"] for text in stored]
    assert len(set(passwords)) > 1
    assert [password for password in passwords if password in "".join(texts)] == []
