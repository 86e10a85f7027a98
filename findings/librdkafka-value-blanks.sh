#!/usr/bin/env bash
# librdkafka (confluent-kafka 2.16.1) strips leading blanks from every value of its configuration, also where an API
# sets it, and keeps trailing ones. So a user whose password begins with a blank, which Kafka allows and Java's
# clients and kafka-python send unchanged, can't log in with kcat or confluent-kafka. Shown with client.id, since the
# library prints no passwords.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
"$folder/venv/bin/python" - 2> "$folder/log" <<'PYTHON'
import confluent_kafka

print("librdkafka", confluent_kafka.libversion()[0])
confluent_kafka.Producer({"bootstrap.servers": "127.0.0.1:1", "client.id": "  both ends  ", "debug": "conf"})
PYTHON
read=$(sed -n 's/.*  client\.id = \(.*\)$/[\1]/p' "$folder/log" | head -1)
echo "client.id was set to [  both ends  ] and is $read"
[ "$read" = "[both ends  ]" ] || { echo "librdkafka behaves otherwise now"; exit 1; }
