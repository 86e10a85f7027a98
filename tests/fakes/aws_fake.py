"""AWS as far as the functions ask it: boto3's own clients over made-up answers.

The clients are real, so a call, an argument or a paginator that AWS does not have fails the test.
"""

import threading
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import OperationModel
from botocore.validate import validate_parameters

REGION = "ap-southeast-1"

type Json = dict[str, Any]

# Where a call is looked for when nobody says of which service it is.
_SERVICES = ("kafka", "secretsmanager", "iam", "lambda")


def refused(code: str) -> ClientError:
    """An error as AWS answers it."""
    return ClientError({"Error": {"Code": code, "Message": "words"}}, "Operation")


class FakeAws:
    """Answers by the name of the call; what has no answer is not found.

    It makes clients as ``boto3.client`` does, and is itself a client of any service.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._client(service)
            return self._clients[service]

    def __getattr__(self, name: str) -> Any:
        """A method of the first service that has it; AttributeError where none has."""
        return getattr(self._having(name), name)

    def get_paginator(self, name: str) -> Any:
        """The paginator of the first service that has the call."""
        return self._having(name).get_paginator(name)

    def _having(self, name: str) -> Any:
        return next((client for client in map(self, _SERVICES) if hasattr(client, name)), self(_SERVICES[0]))

    def _client(self, service: str) -> Any:
        client = boto3.client(  # type: ignore[call-overload]  # the name is a variable
            service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.meta.events.register("provide-client-params", self._note)
        client.meta.events.register("before-call", self._respond)
        return client

    def _note(self, params: Json, model: OperationModel, context: Json, **_: Any) -> None:
        context["asked"] = dict(params)
        self.asked.append(xform_name(model.name))
        try:
            if model.input_shape:
                validate_parameters(params, model.input_shape)
        except ParamValidationError as error:  # which the code under test could take for a refusal of AWS's
            raise AssertionError(f"{model.name}: {error}") from error

    def _respond(self, model: OperationModel, context: Json, **_: Any) -> tuple[Any, Json]:
        answer = self.answers.get(xform_name(model.name), refused("NotFoundException"))
        answer = answer(**context["asked"]) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return _Ok, {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


class _Ok:
    status_code = 200
