"""The dead letters of one record, by their names in the bucket."""

import itertools
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable

LETTERS, REPLAYED = "dead-letters/", "replayed/"


def cluster_of(parameters: Mapping[str, str]) -> str:
    """The stack's cluster: its ARN, or outside MSK its name."""
    return parameters.get("ClusterArn") or parameters.get("ClusterName", "")


def letter_prefix(cluster: str, topic: str, partition: int, offset: int) -> str:
    """What the names of a record's letters begin with, as the forwarder gives them (docs/forwarder.md).

    Args:
        cluster: as :func:`cluster_of`.
    """
    cluster = cluster.rpartition(":")[2].removeprefix("cluster/")
    return f"{LETTERS}{quote(cluster, safe='/')}/{topic}/{partition}/{offset:020}-"


def find_letters(client: Client, bucket: str, prefix: str) -> list[str] | Unavailable:
    """The names of the objects that begin so."""

    def question() -> list[str]:
        listing = client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for entry in listing.get("Contents", ())]

    return ask("s3:ListBucket", question)


class StoredLetter(NamedTuple):
    """An object with a letter, and when it was written."""

    name: str
    modified: datetime


def list_letters(client: Client, bucket: str, prefix: str) -> list[StoredLetter] | Unavailable:
    """The objects that begin so, in the order of their names."""

    def question() -> list[StoredLetter]:
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        entries = itertools.chain.from_iterable(page.get("Contents", ()) for page in pages)
        return [StoredLetter(entry["Key"], entry["LastModified"]) for entry in entries]

    return ask("s3:ListBucket", question)


def read_letter(client: Client, bucket: str, name: str) -> bytes | Unavailable:
    """An object's content."""
    return ask("s3:GetObject", lambda: bytes(client("s3").get_object(Bucket=bucket, Key=name)["Body"].read()))


def delete_letter(writer: Client, bucket: str, name: str) -> str | Unavailable:
    """Delete one object; returns its name."""

    def delete() -> str:
        writer("s3").delete_object(Bucket=bucket, Key=name)
        return name

    return ask("s3:DeleteObject", delete)
