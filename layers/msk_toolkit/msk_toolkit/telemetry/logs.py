"""The functions' logger: structured JSON, and silent where a library would print a secret."""

import logging
import os
import sys

from aws_lambda_powertools import Logger

from msk_toolkit import __version__
from msk_toolkit.telemetry.names import function_name

# At DEBUG kafka-python prints SASL messages and whole configurations, botocore prints the bodies of
# GetSecretValue responses. Nothing may lower these loggers, not even the function's own log level.
_LIBRARIES = ("kafka", "boto3", "botocore", "urllib3")


def toolkit_logger(service: str) -> Logger:
    """A Powertools logger named after the function, with the libraries held at WARNING.

    Its first line says what runs: functions call this once, while their execution environment starts.
    """
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logger = Logger(service=function_name(service))
    logger.info("environment started", extra=_platform())
    return logger


def _platform() -> dict[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    return {"version": __version__, "python": python, "architecture": os.uname().machine}
