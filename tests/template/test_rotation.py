"""The rotation of the SCRAM password in a stack: off by default, refused without a password, mailed where it fails."""

import pytest
from aws_lambda_powertools import Logger
from msk_toolkit.rotation.request import RotationResponse
from msk_toolkit.rotation.telemetry import report_rotation
from msk_toolkit.telemetry.metrics import toolkit_metrics

from tests.template.alarm_days import HOUR, Day
from tests.template.functions_that_tell import Functions
from tests.template.stack import KEY, SECRET, Stack, with_every_function

USERS = ",".join(SECRET.replace("AmazonMSK_", f"AmazonMSK_{name}") for name in ("one", "two"))
OWN = (
    *("ScramRotationFunction", "ScramRotationLogs", "ScramRotationPermission", "ScramRotationSchedule"),
    *("ScramRotationFailedAlarm", "SourcesNotRenewedAlarm"),
)


def test_by_default_nothing_of_it_is_in_a_stack() -> None:
    stack = Stack()
    kinds = {resource["Type"] for name, resource in stack.template["Resources"].items() if name in OWN}
    assert [name for kind in kinds for name in stack.names(kind) if name in OWN] == []
    assert set(OWN) <= stack.template["Resources"].keys()


def test_secrets_manager_calls_it_every_so_many_days_and_a_deployment_changes_no_password() -> None:
    stack = Stack(ScramRotationDays="30")
    schedule = stack.properties("ScramRotationSchedule")
    assert (schedule["SecretId"], str(schedule["RotationRules"]["AutomaticallyAfterDays"])) == (SECRET, "30")
    assert schedule["RotateImmediatelyOnUpdate"] is False
    permission = stack.properties("ScramRotationPermission")
    assert (permission["Principal"], permission["SourceAccount"]) == ("secretsmanager.amazonaws.com", "123456789012")


@pytest.mark.parametrize("users", ["", USERS])
def test_the_function_may_change_the_secrets_that_it_rotates_and_no_other(users: str) -> None:
    statements = Stack(ScramRotationDays="30", ScramUserSecretArns=users).statements("ScramRotationFunction")
    writing = {
        statement["Resource"] if isinstance(statement["Resource"], str) else ",".join(statement["Resource"])
        for statement in statements.values()
        if "secretsmanager:PutSecretValue" in statement["Action"]
    }
    assert writing == {SECRET, users} - {""}
    assert "*" not in [statement["Resource"] for statement in statements.values()]
    assert statements["EncryptTheNewPassword"]["Resource"] == KEY


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"ScramRotationDays": "30"}, "ScramRotationDays is only valid with AuthMode scram"),
        ({"ScramUserSecretArns": USERS}, "ScramUserSecretArns is only valid with AuthMode scram"),
    ],
)
@pytest.mark.parametrize("mode", ["iam", "tls", "none"])
def test_a_mode_without_a_password_has_none_to_rotate(mode: str, answers: dict[str, str], said: str) -> None:
    (refusal,) = Stack(AuthMode=mode, ScramSecretArn="", ScramSecretKmsKeyArn="", **answers).refusals()
    assert refusal.startswith(said)
    assert Stack(**answers).refusals() == []


def test_the_function_has_a_log_group_of_its_own_and_time_for_msks_ten_minutes_and_for_going_back() -> None:
    stack = with_every_function()
    function = stack.properties("ScramRotationFunction")
    assert "Role" not in function  # SAM makes one for the function alone
    assert (function["Timeout"], function["ReservedConcurrentExecutions"]) == (900, 1)
    logs = stack.properties(function["LoggingConfig"]["LogGroup"])
    assert logs["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}" == "/aws/lambda/shop-scram-rotation"


def test_a_step_that_fails_and_a_source_that_is_left_behind_are_a_mail_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Day(Functions(monkeypatch, capsys), ScramRotationDays="30")
    assert day.go_on(HOUR) == []
    day.world.invoked("ScramRotationFunction", failed=True)
    day.world.pass_minute()
    # Secrets Manager tries it again: no second mail.
    day.world.invoked("ScramRotationFunction", failed=True)
    assert day.go_on(2 * HOUR) == []
    assert [name for _, name in day.world.mails] == ["ScramRotationFailedAlarm"]
    left_behind = RotationResponse(did="moved", problems=["source Orders: refused"])
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-scram-rotation")
    report_rotation("finishSecret", left_behind, Logger(service="r"), toolkit_metrics("r"), detailed=False)
    day.world.printed(capsys.readouterr().out)
    assert day.go_on(2 * HOUR) == ["SourcesNotRenewedAlarm"]
    assert day.go_on(2 * HOUR) == []
    assert day.world.states["ScramRotationFailedAlarm"] == day.world.states["SourcesNotRenewedAlarm"] == "OK"
