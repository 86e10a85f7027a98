"""A second mapping beside the stack's own: the same brokers, read as Kafka outside MSK is, over mutual TLS.

The mapping is that of the processed template with the parameters of a stack outside MSK. The emulator makes no mapping
without an ARN, so Lambda's API does not list this one.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from local.aws.processed import EventSource, Stack
from local.pollers import start_poller, stats_file
from local.system import System

CLUSTER_NAME = "outside-msk"
PROCESS = "poller-outside-msk"
_READY_SECONDS = 60.0
_CA = "BrokersCaSecret"


class NoSuchTopicError(Exception):
    """The stack does not forward the topic."""


def start_second_mapping(system: System, topic: str) -> EventSource:
    """Forward a topic a second time, under the name of a cluster outside MSK.

    Raises:
        NoSuchTopicError: the stack does not forward the topic.
        ProcessError: the poller does not start.
        ClientError, BotoCoreError: of the emulator.
    """
    source = _source(system, topic)
    _name_cluster(system)
    stats = stats_file(system, PROCESS)
    system.ledger.stop(PROCESS)
    start_poller(system, source, PROCESS, switched=False)
    system.ledger.await_ready({PROCESS: lambda: stats.exists() and b'"polling"' in stats.read_bytes()}, _READY_SECONDS)
    return source


def _source(system: System, topic: str) -> EventSource:
    certificate = _secret(system, "kafka/outside-msk-client", system.kafka.client_certificate("outside-msk"))
    ca = _secret(system, "kafka/outside-msk-ca", {"certificate": system.kafka.ca_file.read_text()})
    stack = outside_msk(system.stack, system.kafka.bootstrap("MTLS"), certificate)
    resolver = stack.resolver(references={_CA: ca})
    for mapping in stack.event_sources(resolver):
        if mapping.properties["Topics"] == [topic]:
            return msgspec.structs.replace(mapping, mapping_id=str(uuid.uuid4()))
    raise NoSuchTopicError(f"the stack does not forward {topic}")


def outside_msk(stack: Stack, brokers: str, certificate_arn: str) -> Stack:
    """The stack as it would be with these brokers instead of an ARN; its groups have a name of their own."""
    parameters = {
        **stack.parameters,
        "ClusterArn": "",
        "ClusterName": CLUSTER_NAME,
        "BootstrapServers": brokers,
        "BootstrapPorts": "1-65535",
        "AuthMode": "mtls",
        "ScramSecretArn": "",
        "ScramSecretKmsKeyArn": "",
        "ClientCertificateSecretArn": certificate_arn,
    }
    return msgspec.structs.replace(stack, name=f"{stack.name}-{CLUSTER_NAME}", parameters=parameters)


def _secret(system: System, name: str, content: Mapping[str, str]) -> str:
    client = system.emulator.session().client("secretsmanager", endpoint_url=system.emulator.endpoint)
    text = json.dumps(content)
    try:
        return str(client.create_secret(Name=name, SecretString=text)["ARN"])
    except client.exceptions.ResourceExistsException:
        return str(client.put_secret_value(SecretId=name, SecretString=text)["ARN"])


def _name_cluster(system: System) -> None:
    """What such a stack's forwarder has among its variables; events with an ARN do not use it."""
    client: Any = system.emulator.session().client("lambda", endpoint_url=system.emulator.endpoint)
    name = system.stack.physical_ids["ForwarderFunction"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    if variables.get("CLUSTER_NAME") != CLUSTER_NAME:
        variables["CLUSTER_NAME"] = CLUSTER_NAME
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
