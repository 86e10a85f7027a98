"""The functions' logger: structured JSON, and silent where a library would print a secret."""

import logging

from aws_lambda_powertools import Logger

from msk_toolkit.telemetry.names import function_name

# At DEBUG kafka-python prints SASL messages and whole configurations, botocore prints the bodies of
# GetSecretValue answers. Nothing may lower these loggers, not even the function's own log level.
_TALKATIVE = ("kafka", "boto3", "botocore", "urllib3")


def toolkit_logger(service: str) -> Logger:
    """A Powertools logger named after the function, with the libraries held at WARNING."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return Logger(service=function_name(service))
