"""Faults of the local system, to cause and to end: the console's buttons, and `mskv local break`."""

import json
import secrets
import ssl
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import Request, urlopen

import msgspec
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from msk_toolkit.settings.topic_names import vantiq_name

from local.demo.records import Outgoing, produce, sensor_records
from local.system import USERNAME, VANTIQ, System

BROKER = 2
RECORDS = 200
_TIMEOUT_SECONDS = 10.0
_TOKEN_KEY = "token"  # noqa: S105 a field's name
# A reading without a number, which a Vantiq type of numbers refuses.
_POISON = {"sensor": 7, "celsius": "not a number", "poison": True}
_REFUSAL = "The value of property 'celsius' must be a number, but is: not a number"
# Below what topics.yaml declares: a record could be acknowledged by a single broker.
_CHANGED_CONFIG = ("min.insync.replicas", "1")
State = Literal["on", "off", "unknown"]


class FaultError(Exception):
    """The fault could not be caused or ended; the message says why."""


class Faults:
    """The faults of one running system.

    Args:
        topic: the one of which the mapping is disabled, and to which records are written.
    """

    def __init__(self, system: System, topic: str) -> None:
        self._system = system
        self.topic = topic
        self._written = 0
        session, endpoint = system.emulator.session(), system.emulator.endpoint
        self._lambda = session.client("lambda", endpoint_url=endpoint)
        self._secrets = session.client("secretsmanager", endpoint_url=endpoint)

    def states(self) -> dict[str, State]:
        """Whether each part is on; ``token`` and ``password`` are on while the peer accepts what is stored."""
        running = self._system.ledger.running()
        return {
            "vantiq": _state(VANTIQ in running),
            "broker": _state(BROKER in self._system.kafka.running_brokers()),
            "token": _state(self.knows_token()),
            "mapping": self._mapping_state(),
            "password": _state(self.knows_password()),
        }

    def stop_vantiq(self) -> str:
        """Stop the stand-in."""
        self._system.stop_vantiq()
        return (
            "Vantiq is stopped. Records that are written now wait in Kafka, and none is lost. The emulator shows the "
            "forwarder's log when its run ends, after about 30 seconds."
        )

    def start_vantiq(self) -> str:
        """Start the stand-in again."""
        self._system.start_vantiq()
        return "Vantiq is running. What waits is delivered within seconds."

    def stop_broker(self, broker: int = BROKER) -> str:
        """Stop one broker."""
        self._system.kafka.stop_broker(broker)
        return f"Broker {broker} is stopped. The next run of the probes names it."

    def start_broker(self, broker: int = BROKER) -> str:
        """Start it again."""
        self._system.kafka.start_broker(broker)
        return f"Broker {broker} is running again."

    def rotate_password(self) -> str:
        """Put another password into the secret, and not into the cluster."""
        self._store_login(secrets.token_urlsafe(24))
        return "The SCRAM secret holds a password that the brokers do not know. The next run of the probes is refused."

    def store_password(self) -> str:
        """Put the password that the brokers know into the secret."""
        self._store_login(self._system.kafka.settings.password)
        return "The SCRAM secret holds the password that the brokers know."

    def knows_password(self) -> bool:
        """Whether the secret holds the password that the brokers know."""
        secret = self._secrets.get_secret_value(SecretId=self._system.resources.scram_secret_arn)
        return bool(msgspec.json.decode(secret["SecretString"])["password"] == self._system.kafka.settings.password)

    def knows_token(self) -> bool:
        """Whether the secret holds the token that Vantiq accepts."""
        return bool(self._stored_token() == self._accepted_token())

    def forgive_poison(self) -> str:
        """Let Vantiq accept the records that it has refused."""
        self._control("DELETE", "faults", None)
        return "Vantiq accepts every record again."

    def change_topic(self) -> str:
        """Change a declared setting of the topic, as an operator could with Kafka's own tools."""
        name, value = _CHANGED_CONFIG
        admin = KafkaAdminClient(bootstrap_servers=self._system.kafka.bootstrap("PLAINTEXT").split(","))
        try:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self.topic, {name: value})])
        finally:
            admin.close()
        return f"{name} of {self.topic} was set to {value}, which is not what topics.yaml declares."

    def apply_topics(self) -> str:
        """Make the topics as topics.yaml declares them."""
        self._system.function("TopicsFunction").invoke({"action": "apply"})
        return "The topics are as topics.yaml declares them."

    def refuse_token(self) -> str:
        """Vantiq refuses the token that the forwarder has."""
        self._control("POST", "rotate-token", b"")
        return "Vantiq now refuses the forwarder's token (401)."

    def store_token(self) -> str:
        """Put the token that Vantiq accepts into the secret."""
        secret = json.dumps({_TOKEN_KEY: self._accepted_token()})
        self._secrets.put_secret_value(SecretId=self._system.resources.vantiq_secret_arn, SecretString=secret)
        return "The secret holds the token that Vantiq accepts. The forwarder reads it with its next attempt."

    def disable_mapping(self) -> str:
        """Disable the event source mapping of the topic."""
        return self._set_mapping(enabled=False)

    def enable_mapping(self) -> str:
        """Enable it again."""
        return self._set_mapping(enabled=True)

    def write_poison(self) -> str:
        """Write a record that Vantiq refuses."""
        # A stand-in that was started again has none of its faults any more.
        fault = {
            "action": "status",
            "status": 400,
            "pointer": "/value/poison",
            "equals": True,
            "message": _REFUSAL,
            "path": f"/api/v1/resources/topics//msk/{vantiq_name(self.topic)}",
        }
        self._control("DELETE", "faults")
        self._control("POST", "faults", json.dumps(fault).encode())
        self._produce([Outgoing(b"sensor-7", json.dumps(_POISON).encode(), ())])
        return f"One record that Vantiq refuses was written to {self.topic}. It is dead-lettered; the others pass."

    def write_records(self) -> str:
        """Write some readings of sensors."""
        self._produce(list(sensor_records(RECORDS, start=self._written)))
        self._written += RECORDS
        return f"{RECORDS} records were written to {self.topic}."

    def _produce(self, records: list[Outgoing]) -> None:
        produce(self._system.kafka.client_settings, self.topic, records)

    def _store_login(self, password: str) -> None:
        login = json.dumps({"username": USERNAME, "password": password})
        self._secrets.put_secret_value(SecretId=self._system.resources.scram_secret_arn, SecretString=login)

    def _control(self, method: str, path: str, body: bytes | None = None) -> None:
        """Ask the stand-in's control API.

        Raises:
            FaultError: it does not answer.
        """
        context = ssl.create_default_context(cafile=self._system.kafka.ca_file)
        url = f"{self._system.vantiq_url}/standin/{path}"
        request = Request(url, data=body, method=method, headers={"Content-Type": "application/json"})  # noqa: S310
        try:
            with urlopen(request, timeout=_TIMEOUT_SECONDS, context=context):  # noqa: S310 its own https address
                return
        except (URLError, OSError) as error:
            raise FaultError("Vantiq does not answer; start it first") from error

    def _set_mapping(self, *, enabled: bool) -> str:
        self._lambda.update_event_source_mapping(UUID=self._mapping_id(), Enabled=enabled)
        if enabled:
            return f"The mapping of {self.topic} is enabled again."
        return f"The mapping of {self.topic} is disabled: its records wait in Kafka."

    def _mapping_state(self) -> State:
        state = self._lambda.get_event_source_mapping(UUID=self._mapping_id())["State"]
        return _state(state in ("Enabled", "Enabling", "Creating", "Updating"))

    def _mapping_id(self) -> str:
        sources = self._system.stack.event_sources()
        return next(source.mapping_id for source in sources if self.topic in source.properties["Topics"])

    def _accepted_token(self) -> str:
        return self._system.vantiq_token_file.read_text().strip()

    def _stored_token(self) -> Any:
        secret = self._secrets.get_secret_value(SecretId=self._system.resources.vantiq_secret_arn)
        return msgspec.json.decode(secret["SecretString"])[_TOKEN_KEY]


def _state(on: bool) -> State:
    return "on" if on else "off"
