"""boto3's clients as far as the connect function asks them; an answer may be an error, which is then raised."""

from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

REGION = "ap-southeast-1"


def refused(code: str) -> ClientError:
    """An error as AWS answers it."""
    return ClientError({"Error": {"Code": code, "Message": "words"}}, "Operation")


class FakeAws:
    """Answers by the name of the call; what has no answer is not found."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.meta = SimpleNamespace(region_name=REGION)

    def __call__(self, service: str) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.asked.append(name)
            answer = self.answers.get(name, refused("NotFoundException"))
            answer = answer(**arguments) if callable(answer) else answer
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
