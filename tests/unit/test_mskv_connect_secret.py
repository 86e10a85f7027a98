"""``mskv connect secret``: the plan first, nothing where a step is refused, what MSK has not processed, no password."""

import json
from typing import Any

import pytest

from mskv import exits
from mskv.errors import NotReachedError
from tests.fakes.mskv_world import ACCOUNT, CLUSTER, REGION, World, refused, typed

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
NAME = "AmazonMSK_one"
ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{NAME}-AbCdEf"
SECRET = {"ARN": ARN, "Name": NAME, "KmsKeyId": KEY}
CREATE = ("connect", "secret", "create", NAME, "--user", "one", "--key", KEY)
MISSING = refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


class Account(World):
    """A world with a cluster that has SCRAM on, a key, and a secret that is not there yet."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, Any]] = []
        self.unprocessed: list[dict[str, str]] = []
        self.scram = True
        self.aws.answers |= {
            "describe_secret": MISSING,
            "describe_key": {
                "KeyMetadata": {"KeyId": "k", "Arn": KEY, "KeyManager": "CUSTOMER", "KeyState": "Enabled"}
            },
            "describe_cluster": lambda **_: {"ClusterInfo": self.cluster()},
            "list_scram_secrets": {"SecretArnList": []},
            "create_secret": lambda **asked: self._note("create", asked, {"ARN": ARN}),
            "get_secret_value": {"SecretString": '{"username": "one", "password": "hush"}'},
            "batch_associate_scram_secret": lambda **asked: self._note("associate", asked, self._answer()),
            "batch_disassociate_scram_secret": lambda **asked: self._note("disassociate", asked, self._answer()),
        }

    def cluster(self) -> dict[str, Any]:
        sasl = {"Sasl": {"Scram": {"Enabled": self.scram}}}
        return {"ClusterArn": CLUSTER, "State": "ACTIVE", "ClientAuthentication": sasl}

    def _answer(self) -> dict[str, Any]:
        return {"ClusterArn": CLUSTER, "UnprocessedScramSecrets": self.unprocessed}

    def _note(self, call: str, asked: Any, answer: dict[str, Any]) -> dict[str, Any]:
        self.done.append((call, asked))
        return answer


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_secret_is_created_with_a_password_that_nobody_sees_and_associated(account: Account, output: str) -> None:
    result = typed(*CREATE, "--yes", "-o", output)
    assert result.exit_code == exits.OK, result.stderr
    (_, created), (_, associated) = account.done
    text = json.loads(created["SecretString"])
    assert (created["Name"], created["KmsKeyId"], text["username"], len(text["password"])) == (NAME, KEY, "one", 40)
    assert associated == {"ClusterArn": CLUSTER, "SecretArnList": [ARN]}
    assert text["password"] not in result.stdout + result.stderr
    assert ARN in result.stdout


def test_the_plan_says_what_the_policies_need_and_without_a_yes_nothing_is_done(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)
    result = typed(*CREATE, answers="n\n")
    assert f"+ secret {NAME}: user one, a new password that is not shown" in result.stdout
    assert f"+ cluster {CLUSTER}: is associated with {NAME}" in result.stdout
    assert "kafka.amazonaws.com may secretsmanager:GetSecretValue" in result.stdout
    assert "kms:CreateGrant" in result.stdout
    assert account.done == []


def test_what_msk_has_not_processed_is_a_problem_although_the_call_succeeds(account: Account) -> None:
    account.unprocessed = [{"SecretArn": ARN, "ErrorCode": "InvalidKey", "ErrorMessage": "The key is the default one"}]
    result = typed(*CREATE, "--yes")
    assert result.exit_code == exits.PROBLEM
    assert "not done: MSK has not processed the secret: InvalidKey: The key is the default one" in result.stdout


def test_run_again_it_only_does_what_is_left(account: Account) -> None:
    account.aws.answers["describe_secret"] = SECRET
    result = typed(*CREATE, "--yes")
    assert (
        "= secret AmazonMSK_one: exists; its password is not changed" in typed(*CREATE, "--yes").stdout + result.stdout
    )
    assert {call for call, _ in account.done} == {"associate"}
    account.aws.answers["list_scram_secrets"] = {"SecretArnList": [ARN]}
    account.done.clear()
    assert "nothing to do" in typed(*CREATE).stdout
    assert account.done == []


def test_everything_that_is_wrong_is_refused_at_once_and_nothing_is_done(account: Account) -> None:
    account.scram = False
    account.aws.answers["describe_key"] = {"KeyMetadata": {"KeyId": "k", "Arn": KEY, "KeyManager": "AWS"}}
    result = typed("connect", "secret", "create", "one", "--user", "o n e", "--key", "alias/x", "--yes")
    assert result.exit_code == exits.PROBLEM
    for said in ("names that begin with AmazonMSK_", "user o n e", "customer managed key", "has SASL/SCRAM off"):
        assert said in result.stdout
    assert account.done == []


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ({**SECRET, "KmsKeyId": ""}, "encrypted with the default key"),
        ({**SECRET, "DeletedDate": 1}, "scheduled for deletion"),
        ({**SECRET, "Name": "one"}, "names that begin with AmazonMSK_"),
    ],
)
def test_a_secret_that_msk_would_not_take_is_not_associated(account: Account, secret: Any, said: str) -> None:
    account.aws.answers["describe_secret"] = secret
    result = typed("connect", "secret", "associate", NAME, "--yes")
    assert (result.exit_code, said in result.stdout, account.done) == (exits.PROBLEM, True, [])


def test_a_copy_for_two_users_has_the_others_text_and_key_and_is_not_associated(account: Account) -> None:
    account.aws.answers["describe_secret"] = lambda SecretId: SECRET if SecretId == NAME else raise_missing()  # noqa: N803
    result = typed("connect", "secret", "create", "AmazonMSK_login", "--copy-of", NAME, "--yes")
    ((_, created),) = account.done
    assert (created["KmsKeyId"], json.loads(created["SecretString"])["username"]) == (KEY, "one")
    assert "hush" not in result.stdout + result.stderr


def raise_missing() -> Any:
    raise MISSING


def test_what_the_stack_logs_in_with_is_disassociated_only_if_that_is_said(account: Account) -> None:
    account.aws.answers |= {"describe_secret": SECRET, "list_scram_secrets": {"SecretArnList": [ARN]}}
    account.parameters["ScramUserSecretArns"] = f"{ARN},other"
    command = ("connect", "secret", "disassociate", NAME, "--yes")
    refusal = typed(*command)
    assert (refusal.exit_code, "the stack logs in with it" in refusal.stdout, account.done) == (1, True, [])
    assert typed(*command, "--although", "in-use").exit_code == exits.OK
    assert account.done == [("disassociate", {"ClusterArn": CLUSTER, "SecretArnList": [ARN]})]


@pytest.mark.parametrize("call", ["describe_secret", "describe_key", "describe_cluster"])
def test_a_denied_question_ends_it_with_the_permission(account: Account, call: str) -> None:
    account.aws.answers[call] = refused("AccessDeniedException", "no")
    result = typed(*CREATE, "--yes")
    assert isinstance(result.exception, NotReachedError)
    assert account.done == []


def test_a_user_and_a_copy_exclude_each_other(account: Account) -> None:
    assert typed(*CREATE, "--copy-of", "x").exit_code == exits.USAGE
    assert typed("connect", "secret", "create", NAME).exit_code == exits.USAGE


def test_a_cluster_may_be_given_by_its_name(account: Account) -> None:
    account.aws.answers["list_clusters"] = {
        "ClusterInfoList": [{"ClusterName": "orders-2"}, {"ClusterName": "orders", **account.cluster()}]
    }
    assert typed(*CREATE, "--cluster", "orders", "--yes").exit_code == exits.OK
    assert account.done[1][1]["ClusterArn"] == CLUSTER
    assert "there is no cluster order in this Region" in str(typed(*CREATE, "--cluster", "order", "--yes").exception)


def test_a_stack_outside_msk_has_no_cluster_to_associate_a_secret_with(account: Account) -> None:
    account.parameters |= {"ClusterArn": "", "ClusterName": "plant-kafka"}
    result = typed(*CREATE, "--yes")
    assert (result.exit_code, account.done) == (exits.USAGE, [])
    assert "has no cluster on MSK" in result.stderr
    assert typed(*CREATE, "--cluster", CLUSTER, "--yes").exit_code == exits.OK
