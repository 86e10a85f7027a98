"""A registry with Confluent's API: its own, Karapace, Apicurio's ``/apis/ccompat/v7``, Redpanda's.

Source: "Schema Registry API Reference", Confluent Platform 8: ``GET /schemas/ids/{id}``, ``/schemas/guids/{guid}``,
``/subjects/{subject}/versions/{version}``, and its error codes.
"""

import base64
import ssl
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.secrets import SecretsClient, read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError, CredentialsError
from msk_toolkit.network.trust import tls_context
from msk_toolkit.path_causes import PathCause
from msk_toolkit.schemas.errors import RegistryError, UnfitValueError
from msk_toolkit.schemas.request import RegistryAccess, RegistryResponse, get
from msk_toolkit.schemas.schema import Reference, Schema, SchemaFormat
from msk_toolkit.schemas.wire import SchemaId
from msk_toolkit.settings.schemas import RegistryAddress

_MOST_REFERENCES = 100
_REQUEST_SECONDS = 5.0
_PATHS = {"id": "ids", "guid": "guids"}
# Subject, version and schema not found. A 404 without one of them is that of a wrong URL.
_NOT_THERE = frozenset({40401, 40402, 40403})
_OK, _NOT_FOUND, _DENIED = 200, 404, frozenset({401, 403})


class _Referred(msgspec.Struct, frozen=True):
    name: str
    subject: str
    version: int


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    schema: str
    schema_type: SchemaFormat = "AVRO"
    references: list[_Referred] | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error_code: int = 0


class RegistrySecrets(NamedTuple):
    """ARNs of the secrets with the login and the CA; empty for none."""

    login: str = ""
    ca: str = ""


class ConfluentRegistry:
    """Brings schemas; login and CA are read with the first, and the login again when it is refused."""

    def __init__(self, address: RegistryAddress, secrets: SecretsClient, arns: RegistrySecrets) -> None:
        self._address = address
        self._secrets = secrets
        self._arns = arns
        self._access: RegistryAccess | None = None

    def __repr__(self) -> str:
        return "ConfluentRegistry(...)"

    def schema(self, schema: SchemaId, deadline: Deadline) -> Schema:
        """A schema with its references.

        Raises:
            UnfitValueError: the registry has no such schema.
            RegistryError: it does not say.
        """
        answer = self._answer(["schemas", _PATHS[schema.kind], schema.text], deadline)
        text = answer.schema
        if answer.schema_type == "PROTOBUF":
            text = self._descriptor(["schemas", _PATHS[schema.kind], schema.text], text, deadline)
        references: dict[str, Reference] = {}
        self._refer(answer, references, set(), deadline)
        return Schema(answer.schema_type, text, tuple(references.values()))

    def _refer(self, answer: _Answer, known: dict[str, Reference], begun: set[str], deadline: Deadline) -> None:
        """Add what a schema refers to, each after those that it refers to itself."""
        for referred in answer.references or ():
            if referred.name in begun:
                continue
            begun.add(referred.name)
            if len(begun) > _MOST_REFERENCES:
                detail = f"the schema refers to more than {_MOST_REFERENCES} others"
                raise UnfitValueError("schema-unsupported", detail)
            path = ["subjects", referred.subject, "versions", str(referred.version)]
            other = self._answer(path, deadline)
            self._refer(other, known, begun, deadline)
            is_protobuf = answer.schema_type == "PROTOBUF"
            text = self._descriptor(path, other.schema, deadline) if is_protobuf else other.schema
            known[referred.name] = Reference(referred.name, text)

    def _descriptor(self, path: list[str], text: str, deadline: Deadline) -> str:
        """A Protobuf schema as the registry compiles it."""
        if not _is_base64(text):
            text = self._answer(path, deadline, "?format=serialized").schema
        if not _is_base64(text):
            raise UnfitValueError("schema-unsupported", "the registry serves no compiled Protobuf (format=serialized)")
        return text

    def _answer(self, path: list[str], deadline: Deadline, query: str = "") -> _Answer:
        response = self._response(path, query, deadline)
        if response.status == _OK:
            try:
                return msgspec.json.decode(response.body, type=_Answer)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise _unavailable("its answer is not a schema") from None
        if response.status == _NOT_FOUND and _error_code(response.body) in _NOT_THERE:
            raise UnfitValueError("schema-unknown", "the registry has no such schema")
        if response.status in _DENIED:
            text = f"the schema registry denies access ({response.status})"
            raise RegistryError(text, PathCause.SCHEMA_REGISTRY_DENIED)
        raise _unavailable(f"it answers {response.status}")

    def _response(self, path: list[str], query: str, deadline: Deadline) -> RegistryResponse:
        known = self._access
        access = known or self._read_access(deadline)
        response = get(access, path, query, deadline.at_most(_REQUEST_SECONDS))
        if known is None or response.status not in _DENIED or not self._arns.login:
            return response
        # The password may be a new one.
        return get(self._read_access(deadline), path, query, deadline.at_most(_REQUEST_SECONDS))

    def _read_access(self, deadline: Deadline) -> RegistryAccess:
        try:
            context = self._context(deadline) if self._address.server.tls else None
            self._access = RegistryAccess(self._address, context, self._authorization(deadline))
        except (CredentialsError, AwsError) as error:
            raise RegistryError(f"the schema registry's secret: {error}", PathCause.SCHEMA_REGISTRY_DENIED) from error
        return self._access

    def _authorization(self, deadline: Deadline) -> str:
        if not self._arns.login:
            return ""
        login = _object(read_secret(self._secrets, self._arns.login, deadline))
        user, password = login.get("username"), login.get("password")
        if not isinstance(user, str) or not isinstance(password, str) or ":" in user:
            problem = 'holds no login; store {"username": "...", "password": "..."}'
            raise CredentialsError(f"secret {self._arns.login}: {problem}")
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def _context(self, deadline: Deadline) -> ssl.SSLContext:
        if not self._arns.ca:
            return tls_context()
        text = read_secret(self._secrets, self._arns.ca, deadline)
        certificate = _object(text).get("certificate", text)
        try:
            return tls_context(str(certificate))
        except ConfigurationError as error:
            raise CredentialsError(f"secret {self._arns.ca}: {'; '.join(error.problems)}") from None


def _object(text: str) -> dict[str, Any]:
    """A secret's text as a JSON object; empty where it is none."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return {}


def _error_code(body: bytes) -> int:
    try:
        return msgspec.json.decode(body, type=_Refusal).error_code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _unavailable(detail: str) -> RegistryError:
    return RegistryError(f"the schema registry gives no schema: {detail}", PathCause.SCHEMA_REGISTRY_UNAVAILABLE)
