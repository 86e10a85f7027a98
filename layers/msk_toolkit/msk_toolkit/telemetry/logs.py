"""The functions' logger: structured JSON, and silent where a library would print a secret."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from msk_toolkit import __version__
from msk_toolkit.telemetry.names import function_name

# At DEBUG kafka-python prints SASL messages and whole configurations, botocore the bodies of GetSecretValue responses,
# s3transfer what is uploaded, and websockets each message, of which one has Vantiq's token. kafka-python's parser
# prints at ERROR a response that it can't decode, with the records in it; the toolkit reports the failure itself.
# Nothing may lower these loggers, not even the function's own log level.
_LEVELS = {
    "kafka": logging.WARNING,
    "kafka.protocol.parser": logging.CRITICAL + 1,
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "s3transfer": logging.WARNING,
    "urllib3": logging.WARNING,
    "websockets": logging.WARNING,
}


def toolkit_logger(service: str) -> Logger:
    """A Powertools logger named after the function, with the libraries held at WARNING or above.

    Its first line says what runs: functions call this once, while their execution environment starts.
    """
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logger = Logger(service=function_name(service), json_serializer=_line)
    logger.info("environment started", extra=_platform())
    return logger


def _line(fields: Mapping[str, Any]) -> str:
    """A line of the log: as Powertools writes it, but for half a surrogate pair, which JSON can escape in an event and
    which has no bytes. Escaped again it can be written.
    """
    text = json.dumps(fields, default=str, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="backslashreplace").decode()


def _platform() -> dict[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    return {"version": __version__, "python": python, "architecture": os.uname().machine}
