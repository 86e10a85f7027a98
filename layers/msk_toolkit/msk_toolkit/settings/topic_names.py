"""Kafka topic names as parts of Vantiq topic names, and back.

Vantiq's resource guide (release 1.44) allows letters, digits and ``/`` in a topic's name; Kafka allows ``.``, ``-``
and ``_`` as well. Each of those three becomes ``Z`` and its two hexadecimal digits, as in a URL with ``Z`` in place
of ``%``: ``sensor-readings`` is ``sensorZ2Dreadings``. A ``Z`` in the name itself is kept, unless it would be read as
such a code; then it becomes ``Z5A``. So no two Kafka topics share a name in Vantiq.
"""

import re

_CODES = {"-": "Z2D", ".": "Z2E", "_": "Z5F", "Z": "Z5A"}
_CHARACTERS = {code: character for character, code in _CODES.items()}
_TO_ESCAPE = re.compile(r"[-._]|Z(?=2D|2E|5F|5A)")
_CODE = re.compile("|".join(_CHARACTERS))


def vantiq_name(kafka_topic: str) -> str:
    """The part of a Vantiq topic's name that stands for a Kafka topic."""
    return _TO_ESCAPE.sub(lambda match: _CODES[match[0]], kafka_topic)


def kafka_name(part: str) -> str:
    """The Kafka topic that a part of a Vantiq topic's name stands for: the inverse of :func:`vantiq_name`."""
    return _CODE.sub(lambda match: _CHARACTERS[match[0]], part)
