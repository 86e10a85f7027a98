"""SCRAM secrets: what AWS says of secret, key and cluster, and what is written. A password is in no result."""

import itertools
import json
import secrets
import string
from typing import Any

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable
from mskv.scram_plan import ClusterFacts, KeyFacts, SecretFacts

# Letters and digits need no escape in any client's configuration; so many of them are 238 bits.
_CHARACTERS = string.ascii_letters + string.digits
_LENGTH = 40
_DESCRIPTION = "SCRAM user of an MSK cluster, made by mskv connect secret"
_ABSENT = "ResourceNotFoundException"


def read_scram_secret(client: Client, name: str) -> SecretFacts | Unavailable | None:
    """The secret; None where there is none."""
    answer = ask("secretsmanager:DescribeSecret", lambda: dict(client("secretsmanager").describe_secret(SecretId=name)))
    if isinstance(answer, Unavailable):
        return None if answer.text.startswith(_ABSENT) else answer
    return SecretFacts(answer["ARN"], answer["Name"], answer.get("KmsKeyId", ""), "DeletedDate" in answer)


def read_key(client: Client, key: str) -> KeyFacts | Unavailable:
    """A key by ARN, id or alias."""
    answer = ask("kms:DescribeKey", lambda: dict(client("kms").describe_key(KeyId=key)["KeyMetadata"]))
    if isinstance(answer, Unavailable):
        return answer
    spec = str(answer.get("KeySpec", "SYMMETRIC_DEFAULT"))
    return KeyFacts(answer["Arn"], answer.get("KeyManager", "CUSTOMER"), answer.get("KeyState", "Enabled"), spec)


def read_scram_cluster(client: Client, cluster: str) -> ClusterFacts | Unavailable:
    """A cluster by ARN or name, with its associated secrets."""
    kafka = client("kafka")

    def question() -> ClusterFacts | Unavailable:
        described = _described(kafka, cluster)
        if described is None:
            return Unavailable("kafka:ListClusters", "failed", f"there is no cluster {cluster} in this Region")
        pages = kafka.get_paginator("list_scram_secrets").paginate(ClusterArn=described["ClusterArn"])
        associated = tuple(itertools.chain.from_iterable(page.get("SecretArnList", ()) for page in pages))
        sasl = described.get("ClientAuthentication", {}).get("Sasl", {})
        enabled = bool(sasl.get("Scram", {}).get("Enabled"))
        return ClusterFacts(described["ClusterArn"], described.get("State", ""), enabled, associated)

    return ask("kafka:DescribeCluster and kafka:ListScramSecrets", question)


def _described(kafka: Any, cluster: str) -> dict[str, Any] | None:
    """As the calls of provisioned clusters describe it, the only ones with SCRAM, and the only ones of emulators."""
    if cluster.startswith("arn:"):
        return dict(kafka.describe_cluster(ClusterArn=cluster)["ClusterInfo"])
    # The filter is a prefix.
    listed = kafka.list_clusters(ClusterNameFilter=cluster)["ClusterInfoList"]
    named = [entry for entry in listed if entry["ClusterName"] == cluster]
    return dict(named[0]) if named else None


def create_scram_secret(writer: Client, name: str, key: str, user: str) -> str | Unavailable:
    """Make a secret with a user and a password that nobody knows; returns its ARN."""
    password = "".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTH))
    return _create(writer, name, key, json.dumps({"username": user, "password": password}))


def copy_scram_secret(writer: Client, name: str, key: str, copy_of: str) -> str | Unavailable:
    """Make a secret with another one's text; returns its ARN."""

    def read() -> str:
        return str(writer("secretsmanager").get_secret_value(SecretId=copy_of)["SecretString"])

    text = ask("secretsmanager:GetSecretValue", read)
    if isinstance(text, Unavailable):
        return text
    return _create(writer, name, key, text)


def _create(writer: Client, name: str, key: str, text: str) -> str | Unavailable:
    arguments = {"Name": name, "KmsKeyId": key, "SecretString": text, "Description": _DESCRIPTION}
    return ask("secretsmanager:CreateSecret", lambda: str(writer("secretsmanager").create_secret(**arguments)["ARN"]))


def associate(writer: Client, cluster: str, secret: str) -> str | Unavailable:
    """Associate a secret; the answer is why MSK has not, empty where it has: the call succeeds either way."""

    def write() -> str:
        answer = writer("kafka").batch_associate_scram_secret(ClusterArn=cluster, SecretArnList=[secret])
        return _unprocessed(answer)

    return ask("kafka:BatchAssociateScramSecret", write)


def disassociate(writer: Client, cluster: str, secret: str) -> str | Unavailable:
    """Disassociate a secret; the answer is why MSK has not, empty where it has."""

    def write() -> str:
        answer = writer("kafka").batch_disassociate_scram_secret(ClusterArn=cluster, SecretArnList=[secret])
        return _unprocessed(answer)

    return ask("kafka:BatchDisassociateScramSecret", write)


def _unprocessed(answer: dict[str, Any]) -> str:
    entries = answer.get("UnprocessedScramSecrets") or ()
    return "; ".join(f"{entry.get('ErrorCode', '')}: {entry.get('ErrorMessage', '')}" for entry in entries)
