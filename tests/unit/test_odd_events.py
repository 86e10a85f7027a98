"""Events that no service sends, of the functions that serve every event: an answer, or one clear error."""

import json
from typing import Any

import msgspec
import pytest
from msk_toolkit.alarms.change import read_messages
from msk_toolkit.aws.custom_resource import check_answerable
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.probe.widget import DESCRIPTION, render_widget
from msk_toolkit.settings.plain import with_valid_text
from msk_toolkit.settings.probe_matrix import ProbeMatrixSettings
from msk_toolkit.status import event as status_event
from msk_toolkit.topics.relay import relay, relayed_rollback, seconds_given

from tests.fakes.alarm_events import alarm_message, sns_event
from tests.fakes.aws_fake import FakeAws
from tests.fakes.path_facts import healthy_facts
from tests.unit.test_aws_custom_resource import AWS, event

HALF = "\ud800"


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"widgetContext": value}
    return value


ODD: list[Any] = [HALF, {HALF: 1}, {"widgetContext": {"theme": HALF}}, {"action": HALF}, [HALF], nested(3000)]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_the_state_and_the_matrix_are_answered_whatever_asks(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_event, "read_path", lambda *_: healthy_facts())
    source: Any = None
    assert json.dumps(status_event.answer_status(odd, source, Deadline(9)), ensure_ascii=False).encode()
    settings = msgspec.convert({"producer_probe_logs": "a", "consumer_probe_logs": "b"}, ProbeMatrixSettings)
    assert render_widget(odd, settings, FakeAws(), Deadline(9)).encode() != DESCRIPTION.encode()


@pytest.mark.parametrize("moment", [float("nan"), float("inf"), -float("inf"), -1, 1e300])
@pytest.mark.parametrize("end", ["start", "end"])
def test_a_history_of_an_impossible_time_is_answered(end: str, moment: float) -> None:
    settings = msgspec.convert({"producer_probe_logs": "a", "consumer_probe_logs": "b"}, ProbeMatrixSettings)
    asked = {"show": "history", "widgetContext": {"timeRange": {"start": 1.0, "end": 2.0} | {end: moment}}}
    assert render_widget(asked, settings, FakeAws(), Deadline(9))


def test_an_alarm_with_half_of_a_surrogate_pair_is_mailed_nevertheless() -> None:
    given = sns_event(alarm_message("shop-forwarder"), topic=f"arn:aws:sns:eu-central-1:1:{HALF}")
    given["Records"][0][HALF] = HALF
    (message,) = read_messages(given)
    assert message.change is not None
    (raw,) = read_messages({"Records": [{"Sns": {"TopicArn": "a", "Message": f"text {HALF}"}}]})
    assert raw.text == "text \ufffd"
    assert read_messages(nested(3000)) == []


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "soon", ""])
def test_an_alarm_of_an_impossible_moment_is_forwarded_as_text(moment: str) -> None:
    (message,) = read_messages(sns_event(alarm_message("shop-forwarder", StateChangeTime=moment)))
    assert message.text
    assert message.change is None or message.change.at


@pytest.mark.parametrize("field", ["StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"])
def test_a_custom_resource_that_can_not_be_answered_is_refused_before_anything_is_done(field: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{field} holds half of a surrogate pair"):
        check_answerable(event(**{field: HALF}), AWS)


@pytest.mark.parametrize("odd", [{HALF: 1}, {"ResourceProperties": {HALF: HALF}}, {"a": float("nan")}])
def test_a_custom_resource_of_odd_content_fails_with_the_reason(odd: dict[str, Any]) -> None:
    def ask(payload: Any) -> bytes:
        raise AssertionError("nothing is invoked")

    result = relay(event() | odd, ask, lambda: False)
    result.reason.encode()
    assert "unexpected" not in result.reason


@pytest.mark.parametrize("odd", [[], "x", HALF, float("nan"), None, 10**400])
def test_a_relayed_request_without_a_number_of_seconds_is_refused(odd: Any) -> None:
    with pytest.raises(ConfigurationError, match="AnswerWithinSeconds must be a number"):
        seconds_given({"AnswerWithinSeconds": odd})
    assert relayed_rollback({"RollsBack": odd}) is None


def test_text_that_is_valid_stays_as_it_is() -> None:
    given = {"a": ["é😀", 1, None, True]}
    assert with_valid_text(given) == given
