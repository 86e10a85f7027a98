"""One Kafka source, in a process with a Java virtual machine: ``python -m local.vantiq.kafka_source JARS JAVA_HOME``.

The first line of its input is ``{"config": ..., "group": ...}``, every later one a message to publish. It writes a line
for each event (``{"event": {"key", "value", "topic"}}``), each record that is none (``{"skipped": "..."}``) and each
failure (``{"error": "..."}``), and ends with its input.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jpype
import msgspec

_OWN = {"consumer.topics", "contentType", "consumer.contentType", "producer.contentType", "consumer.seekToEnd"}
_STRING = "org.apache.kafka.common.serialization.String"
_POLL_MS = 200
_write = threading.Lock()
_ended = threading.Event()


def properties(config: dict[str, Any], direction: str, group: str) -> dict[str, str]:
    """What the Java client is given for ``consumer`` or ``producer``.

    Raises:
        TypeError: a value is not a text, which Vantiq's documentation says the client refuses.
    """
    other = {"consumer": "producer.", "producer": "consumer."}[direction]
    plain = {key: value for key, value in config.items() if key not in _OWN and not key.startswith(other)}
    wrong = sorted(key for key, value in plain.items() if not isinstance(value, str))
    if wrong:
        raise TypeError(f"ConfigException: the values of {', '.join(wrong)} must be text")
    mine = {key.removeprefix(f"{direction}."): value for key, value in plain.items()}
    if direction == "consumer":
        defaults = {"group.id": group, "key.deserializer": _STRING + "Deserializer"}
        return {**defaults, "value.deserializer": _STRING + "Deserializer", **mine}
    return {"key.serializer": _STRING + "Serializer", "value.serializer": _STRING + "Serializer", **mine}


def content_type(config: dict[str, Any], direction: str) -> str:
    """The contentType of ``consumer`` or ``producer``: its own, or that of both; text where neither is set."""
    return str(config.get(f"{direction}.contentType") or config.get("contentType") or "text/plain")


def start_java(jars: Path, java_home: Path) -> None:
    """Put a Java virtual machine with these jars into this process, for good."""
    library = next(path for path in java_home.rglob("*jvm*") if path.name in ("libjvm.so", "libjvm.dylib", "jvm.dll"))
    # -Xrs leaves signals to Python. Java 11 does not know what later ones demand, and is told to overlook it.
    native = ["-XX:+IgnoreUnrecognizedVMOptions", "--enable-native-access=ALL-UNNAMED"]
    options = ["-Xrs", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *native]
    quiet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=off"]
    jpype.startJVM(str(library), *options, *quiet, classpath=[str(jars / "*")], convertStrings=True)


def _java(values: dict[str, str]) -> Any:
    made = jpype.JClass("java.util.Properties")()
    for key, value in values.items():
        made.put(key, value)
    return made


def _say(message: dict[str, Any]) -> None:
    with _write:
        print(json.dumps(message), flush=True)


def _publish(producer: Any) -> None:
    """Send each further line of the input; the source ends with it."""
    record = jpype.JClass("org.apache.kafka.clients.producer.ProducerRecord")
    for line in sys.stdin:
        message = json.loads(line)
        value = message["value"]
        if not isinstance(value, str | None):
            value = json.dumps(value)
        try:
            producer.send(record(message["topic"], message.get("key"), value)).get()
        except jpype.JException as error:
            _say({"error": str(error)})
    _ended.set()


def _text(text: str | None) -> Any:
    """A value of contentType text/plain."""
    return text


def _read_json(text: str | None) -> Any:
    """A value of contentType application/json, which is an object (Kafka source reference); ValueError for others.

    What Vantiq does with others is not documented. One of them must not end the source.
    """
    if text is None:
        return None
    return msgspec.json.decode(text, type=dict[str, Any])


def _consume(consumer: Any, config: dict[str, Any]) -> None:
    # By its class: Java's packages can't be walked through on a runtime that was stripped of its zip file system.
    consumer.subscribe(jpype.JClass("java.util.ArrayList")(config["consumer.topics"]))
    wait = jpype.JClass("java.time.Duration").ofMillis(_POLL_MS)
    read: Callable[[str | None], Any] = _text
    if content_type(config, "consumer") == "application/json":
        read = _read_json
    while not _ended.is_set():
        for record in consumer.poll(wait):
            try:
                value = read(record.value())
            except ValueError:
                _say({"skipped": f"offset {record.offset()} of {record.topic()} is not a JSON object"})
                continue
            _say({"event": {"key": record.key(), "value": value, "topic": record.topic()}})
    # Leaving the group in good order lets the next run have the partitions at once, not after 45 s.
    consumer.close()


def main() -> None:
    """Run the source until the input ends, or the client gives up."""
    first = json.loads(sys.stdin.readline())
    config, group = first["config"], first["group"]
    try:
        settings = {direction: properties(config, direction, group) for direction in ("producer", "consumer")}
        start_java(Path(sys.argv[1]), Path(sys.argv[2]))
        producer = jpype.JClass("org.apache.kafka.clients.producer.KafkaProducer")(_java(settings["producer"]))
        if not config.get("consumer.topics"):
            _publish(producer)
            return
        consumer = jpype.JClass("org.apache.kafka.clients.consumer.KafkaConsumer")(_java(settings["consumer"]))
        threading.Thread(target=_publish, args=(producer,), daemon=True).start()
        _consume(consumer, config)
    except TypeError as error:
        _say({"error": str(error)})
    except jpype.JException as error:
        _say({"error": _reason(error)})
    finally:
        # Whatever threads Java has left must not keep it.
        os._exit(0)


def _reason(error: Any) -> str:
    """The Java error and what caused it; configuration errors hide their reason below two others."""
    texts = []
    while error is not None:
        texts.append(str(error.toString()))
        error = error.getCause()
    return "; ".join(dict.fromkeys(texts))


if __name__ == "__main__":
    main()
