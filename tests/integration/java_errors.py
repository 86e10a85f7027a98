"""Kafka's own table of errors as JSON lines: number, name, whether it is retriable. In a process of its own, since a
Java machine can't be stopped: ``python -m tests.integration.java_errors JARS JAVA_HOME``."""

import json
import sys
from pathlib import Path

import jpype


def main(jars: str, java_home: str) -> None:
    library = next(Path(java_home).rglob("libjvm.so"))
    jpype.startJVM(str(library), "--enable-native-access=ALL-UNNAMED", classpath=[f"{jars}/*"], convertStrings=True)
    retriable = jpype.JClass("org.apache.kafka.common.errors.RetriableException")
    for error in jpype.JClass("org.apache.kafka.common.protocol.Errors").values():
        passing = error.exception() is not None and isinstance(error.exception(), retriable)
        print(json.dumps([int(error.code()), str(error.name()), bool(passing)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
