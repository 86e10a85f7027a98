"""The dead letters of one record, by their names in the bucket."""

from urllib.parse import quote

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable

LETTERS, REPLAYED = "dead-letters/", "replayed/"


def letter_prefix(cluster_arn: str, topic: str, partition: int, offset: int) -> str:
    """What the names of a record's letters begin with, as the forwarder gives them (docs/forwarder.md)."""
    cluster = cluster_arn.rpartition(":")[2].removeprefix("cluster/")
    return f"{LETTERS}{quote(cluster, safe='/')}/{topic}/{partition}/{offset:020}-"


def find_letters(client: Client, bucket: str, prefix: str) -> list[str] | Unavailable:
    """The names of the objects that begin so."""

    def question() -> list[str]:
        listing = client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for entry in listing.get("Contents", ())]

    return ask("s3:ListBucket", question)


def delete_letter(writer: Client, bucket: str, name: str) -> str | Unavailable:
    """Delete one object; returns its name."""

    def delete() -> str:
        writer("s3").delete_object(Bucket=bucket, Key=name)
        return name

    return ask("s3:DeleteObject", delete)
