"""The redrive's services as a function's environment describes them."""

from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger
from msk_toolkit.deadline import Deadline
from msk_toolkit.redrive.environment import redrive_services
from msk_toolkit.redrive.events import RedriveEnvironment, handle_redrive_event
from msk_toolkit.redrive.request import Counts, RedriveRequest, parse_redrive_request
from msk_toolkit.telemetry.metrics import toolkit_metrics

from tests.fakes.kafka_events import record
from tests.fakes.redrive_harness import RedriveHarness

ENVIRON = {
    "VANTIQ_URL": "https://v",
    "VANTIQ_TOKEN_SECRET_ARN": "s",
    "VANTIQ_TARGET": "topic:/orders",
    "DEAD_LETTER_BUCKET": "letters",
    "AWS_LAMBDA_FUNCTION_NAME": "shop-redrive",
}


class FakeLambda:
    """Records what it is asked to invoke."""

    def __init__(self) -> None:
        self.invocations: list[dict[str, Any]] = []

    def invoke(self, **arguments: Any) -> None:
        self.invocations.append(arguments)


def test_a_redrive_that_runs_out_of_time_invokes_its_own_function_with_the_request_that_continues() -> None:
    functions = FakeLambda()
    services = redrive_services(ENVIRON, lambda service: functions)
    request = RedriveRequest(action="replay", dry_run=False, after="dead-letters/a", hop=2, so_far=Counts(delivered=5))

    services.invoke_again(request)

    (invocation,) = functions.invocations
    assert (invocation["FunctionName"], invocation["InvocationType"]) == ("shop-redrive", "Event")
    assert parse_redrive_request(msgspec.json.decode(invocation["Payload"])) == request


def test_an_event_is_answered_with_the_response_as_plain_values(capsys: pytest.CaptureFixture[str]) -> None:
    harness = RedriveHarness()
    harness.write(record(0), record(1))
    environment = RedriveEnvironment(
        ENVIRON, lambda service: harness.s3, Logger(service="redrive"), toolkit_metrics("redrive")
    )

    response = handle_redrive_event({"action": "list"}, environment, Deadline(900))

    assert (response["action"], response["groups"][0]["letters"]) == ("list", 2)
    assert '"LettersReplayed":[0.0]' in capsys.readouterr().out
