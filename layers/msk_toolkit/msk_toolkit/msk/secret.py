"""Whether the SCRAM secret is as MSK wants it; every fault at once, and never with what the secret holds."""

import contextlib
from collections.abc import Sequence
from typing import Any

import msgspec

from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.scram_association import HOW_TO_ASSOCIATE

_PREFIX = "AmazonMSK_"
_BYTE_ORDER_MARK = "\ufeff"
_SHAPE = 'store a JSON object {"username": "...", "password": "..."}'


class SecretFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the secret; None where it could not be asked. Its text is never printed."""

    secret_id: str
    name: str | None = None
    arn: str | None = None
    kms_key_id: str | None = None
    # A secret with the account's default key has no key of its own in its description.
    described: bool = False
    rotates: bool | None = None
    associated: Sequence[str] | None = None
    text: str | None = None

    def __repr__(self) -> str:
        return f"SecretFacts({self.secret_id})"

    __str__ = __repr__


def check_secret(facts: SecretFacts) -> tuple[ScramCredentials | None, list[Finding]]:
    """The credentials, where they can be made out, and everything that is wrong with the secret."""
    findings: list[Finding] = []

    def error(text: str) -> None:
        findings.append(Finding("error", f"secret {facts.secret_id}", text))

    name = facts.name or facts.secret_id.rpartition(":secret:")[2] or facts.secret_id
    if not name.startswith(_PREFIX):
        error(
            f"its name must begin with {_PREFIX}: MSK associates no other (a secret can't be renamed: make a new one)"
        )
    if facts.described and not facts.kms_key_id:
        error("is encrypted with the account's default key: MSK needs a customer managed KMS key")
    if facts.kms_key_id and facts.kms_key_id.endswith("alias/aws/secretsmanager"):
        error("is encrypted with the default key aws/secretsmanager: MSK needs a customer managed KMS key")
    if facts.associated is not None and not _is_associated(facts):
        error(f"is not associated with the cluster: brokers refuse its user; {HOW_TO_ASSOCIATE}")
    credentials = None
    if facts.text is not None:
        credentials, faults = _parse(facts.text)
        for fault in faults:
            error(fault)
    return credentials, findings


def _is_associated(facts: SecretFacts) -> bool:
    known = [arn.rpartition(":secret:")[2] for arn in facts.associated or ()]
    wanted = (facts.arn or facts.secret_id).rpartition(":secret:")[2] or facts.secret_id
    # An ARN ends with six random characters that a name does not have.
    return any(one == wanted or one.rpartition("-")[0] == wanted for one in known)


def _parse(text: str) -> tuple[ScramCredentials | None, list[str]]:
    faults = []
    if text.startswith(_BYTE_ORDER_MARK):
        faults.append("begins with a byte order mark (an editor's), which MSK does not read: store it without")
        text = text.lstrip(_BYTE_ORDER_MARK)
    if text != text.strip():
        faults.append("has blanks or line breaks around the JSON object: store it without")
    found: Any = None
    with contextlib.suppress(msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        found = msgspec.json.decode(text)
    if not isinstance(found, dict):
        return None, [*faults, f"is not a JSON object; {_SHAPE}"]
    values = {}
    for name in ("username", "password"):
        value = found.get(name)
        if not isinstance(value, str) or not value:
            faults.append(f"{name} is missing or not text; {_SHAPE}")
            continue
        if value != value.strip():
            faults.append(f"{name} has blanks or line breaks at an end, which are part of it for Kafka")
        if name == "username" and not value.isascii():
            # Kafka's ScramMessages takes no other in a client's first message.
            faults.append("username has characters that are not ASCII: Kafka's SCRAM lets no such user in")
            continue
        values[name] = value
    return (ScramCredentials(**values) if len(values) == 2 else None), faults
