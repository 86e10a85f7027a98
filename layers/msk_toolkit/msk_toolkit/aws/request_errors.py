"""Errors of requests that are sent without boto3; :mod:`msk_toolkit.aws.call` makes AwsErrors of them."""


class RefusedRequestError(Exception):
    """AWS answered with an error; ``code`` is its own name of it. Its message is not kept."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class UnansweredRequestError(Exception):
    """No answer came, or none that can be read; ``kind`` names the error that said so."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)
