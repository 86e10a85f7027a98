"""Read JAAS and properties text with Java's own readers: ``python -m tests.integration.java_reads JARS JAVA_HOME``.

The input is a JSON array of ``{"properties", "jaas_config", "jaas_file"}``, the output one of what each says the
password is. A process of its own, because a Java virtual machine never leaves one.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import jpype

from local.vantiq.kafka_source import start_java


def main() -> None:
    """Answer on the standard output."""
    start_java(Path(sys.argv[1]), Path(sys.argv[2]))
    cases = json.load(sys.stdin)
    json.dump([{**_properties(case), "jaas_file": _jaas_file(case["jaas_file"])} for case in cases], sys.stdout)


def _properties(case: dict[str, str]) -> dict[str, str | None]:
    """As Kafka's tools load ``--producer.config``, and then what the login module is given."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "client.properties"
        path.write_text(case["properties"], encoding="utf-8")
        loaded = jpype.JClass("org.apache.kafka.common.utils.Utils").loadProps(str(path))
    return {"properties": _password_of(loaded.getProperty("sasl.jaas.config"))}


def _password_of(jaas: str) -> str | None:
    context = jpype.JClass("org.apache.kafka.common.security.JaasContext")
    password = jpype.JClass("org.apache.kafka.common.config.types.Password")
    configs = jpype.JClass("java.util.HashMap")()
    configs.put("sasl.jaas.config", password(jaas))
    return _text(context.loadClientContext(configs).configurationEntries().get(0))


def _jaas_file(text: str) -> str | None:
    """As Java reads the file of ``-Djava.security.auth.login.config``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users_jaas.conf"
        path.write_text(text, encoding="utf-8")
        parameters = jpype.JClass("java.security.URIParameter")(path_uri(path))
        configuration = jpype.JClass("javax.security.auth.login.Configuration")
        read = configuration.getInstance("JavaLoginConfig", parameters)
        return _text(read.getAppConfigurationEntry("KafkaClient")[0])


def path_uri(path: Path) -> Any:
    """A Java URI."""
    return jpype.JClass("java.net.URI")(path.as_uri())


def _text(entry: Any) -> str | None:
    found = entry.getOptions().get("password")
    return None if found is None else str(found)


if __name__ == "__main__":
    main()
