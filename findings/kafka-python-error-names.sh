#!/usr/bin/env bash
# kafka-python 3.0.12 has names of its own for some of Kafka's errors, knows none from 128 on (each becomes UNKNOWN, as -1
# is), and calls 2 (CORRUPT_MESSAGE) not retriable, but Kafka's protocol guide and Java's clients call it retriable. Such
# a name is not in the guide. Kafka's own side is org.apache.kafka.common.protocol.Errors of 4.4.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kafka-python==3.0.12
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from kafka.errors import for_code

KAFKAS = {  # number: Kafka's name, whether Kafka calls it retriable, kafka-python's name, and what it says
    -1: ("UNKNOWN_SERVER_ERROR", False, "UNKNOWN", False),
    2: ("CORRUPT_MESSAGE", True, "CORRUPT_MESSAGE", False),
    6: ("NOT_LEADER_OR_FOLLOWER", True, "NOT_LEADER_FOR_PARTITION", True),
    10: ("MESSAGE_TOO_LARGE", False, "MESSAGE_SIZE_TOO_LARGE", False),
    17: ("INVALID_TOPIC_EXCEPTION", False, "INVALID_TOPIC", False),
    39: ("INVALID_REPLICA_ASSIGNMENT", False, "INVALID_REPLICATION_ASSIGNMENT", False),
    133: ("SHARE_SESSION_LIMIT_REACHED", True, "UNKNOWN", False),
}
changed = False
for number, (name, retriable, own_name, own_retriable) in KAFKAS.items():
    error = for_code(number)
    print(f"{number:4} Kafka: {name}, retriable {retriable}; kafka-python: {error.message}, retriable {error.retriable}")
    changed = changed or (error.message, bool(error.retriable)) != (own_name, own_retriable)
sys.exit("kafka-python behaves otherwise now" if changed else 0)
PYTHON
