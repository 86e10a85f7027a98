"""What the fuzzing of brokers' answers rests on: real answers, which are read when nothing is wrong with them."""

import pytest
from kafka.protocol.admin import AlterConfigsRequest
from kafka.protocol.metadata import ApiVersionsRequest
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest
from msk_toolkit.kafka.spoken_versions import NEWEST

from tests.fuzz.brokers_answers import RESPONSES, Answers, BrokerAnswers
from tests.fuzz.brokers_questions import QUESTIONS
from tests.unit.test_kafka_response_limits import MODULES


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_the_brokers_really_answered_is_read(question: str) -> None:
    target = BrokerAnswers()
    assert target.play(Answers(question, target.recorded[question])) == "read"


def test_every_api_that_the_toolkit_speaks_is_among_what_was_recorded() -> None:
    requests = [getattr(module, name) for name in NEWEST for module in MODULES if hasattr(module, name)]
    spoken = {request.API_KEY for request in (*requests, ApiVersionsRequest)}
    spoken |= {SaslHandshakeRequest.API_KEY, SaslAuthenticateRequest.API_KEY}
    # Only brokers before Kafka 2.3 are asked that; its response has the form of the one that replaced it.
    spoken -= {AlterConfigsRequest.API_KEY}
    assert spoken <= {api_key for frames in RESPONSES.values() for api_key, _ in frames}
