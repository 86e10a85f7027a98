"""The topics handler: CloudFormation is answered, or that is given up aloud, before Lambda ends the invocation."""

import time

import pytest
from msk_toolkit.aws.custom_resource import ANSWER_SECONDS
from msk_toolkit.errors import AwsError
from msk_toolkit.topics.events import RESERVE_SECONDS

from tests.fakes.http_fake import ScriptedServer
from tests.integration.handlers import Context, load_handler


@pytest.mark.enable_socket
def test_an_answer_that_nobody_takes_is_given_up_before_the_invocation_is_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer(lambda peer: peer.hang()) as server:
        handler = load_handler("topics", monkeypatch, {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.port}"})
        request = {
            "RequestType": "Delete",
            "ResponseURL": f"http://127.0.0.1:{server.port}/a?Signature=hush",
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1",
            "RequestId": "r",
            "LogicalResourceId": "DeclaredTopics",
        }
        began = time.monotonic()
        with pytest.raises(AwsError, match="could not be answered: no answer in time"):
            handler(request, Context(2))
    assert time.monotonic() - began < 2
    printed = capfd.readouterr()
    assert "hush" not in caplog.text + printed.out + printed.err


def test_the_time_that_the_handler_keeps_is_enough_for_all_attempts_of_an_answer() -> None:
    assert RESERVE_SECONDS > ANSWER_SECONDS
