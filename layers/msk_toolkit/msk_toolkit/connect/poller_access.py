"""What the mappings' pollers need on topics and consumer groups: Kafka ACLs or IAM statements, ready to paste.

Sources: AWS Lambda's developer guide on the permissions of MSK event source mappings; for the cluster's own ACLs,
https://repost.aws/knowledge-center/msk-sasl-scram-issues. Both were read on 2026-11-29.
"""

import shlex
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from msk_toolkit.msk.listeners import Protocol
from msk_toolkit.msk.pollers import CLUSTER_ACTIONS, DESTINATION_ACTIONS, GROUP_ACTIONS, TOPIC_ACTIONS

_ANONYMOUS = "ANONYMOUS"
_OPERATIONS = ("Read", "Describe")
# The redrive reads, as the same user, what the pollers have written.
_WRITING = ("Write", "Describe", "Read")
_ON_CLUSTER = (
    "Only if the cluster itself has ACLs (kafka-acls.sh --list --cluster shows any), add DescribeConfigs on it for the "
    "pollers. If it has none, add none: with SCRAM the brokers are ANONYMOUS to each other, and ACLs on the cluster "
    "that do not allow them everything can stop replication."
)
_CLOSED = (
    "A topic or group that has any ACL is closed to everyone whom none allows: add those of its other users first. The "
    "stack's functions log in as the same user; the topics function also needs what it does with topics."
)
_BY_THE_STACK = "The forwarder's role has this already; the statement is for a boundary or a policy of your own."


class PollerAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What the pollers of the stack's mappings must be allowed; they need nothing on other topics and groups.

    Args:
        principal: the Kafka user that they log in as; empty with IAM.
        groups: the consumer groups, by topic.
        acls: commands for a user that may change ACLs; none with IAM.
        statements: of an IAM policy; none without IAM.
    """

    protocol: Annotated[Protocol, Meta(description="Of the listener that Lambda chooses for them.")]
    principal: str = ""
    groups: dict[str, str] = {}
    acls: list[str] = []
    statements: list[dict[str, Any]] = []
    notes: list[str] = []


def poller_access(
    protocol: Protocol,
    groups: dict[str, str],
    *,
    cluster_arn: str,
    brokers: str,
    username: str,
    given_up_topic: str = "",
) -> PollerAccess:
    """What the pollers need on these topics and groups.

    Args:
        groups: by topic.
        brokers: of a listener where ACLs can be changed, or a placeholder.
        username: of the secret, for SCRAM.
        given_up_topic: where they write what they give up; empty for the bucket.
    """
    if protocol == "iam":
        statements = _statements(cluster_arn, groups)
        if given_up_topic:
            topic = [_arn(cluster_arn, "topic", given_up_topic)]
            statements.append(_statement("LetThePollersWriteWhatTheyGiveUp", DESTINATION_ACTIONS, topic))
        return PollerAccess(protocol=protocol, groups=groups, statements=statements, notes=[_BY_THE_STACK])
    principal = f"User:{username if protocol == 'scram' else _ANONYMOUS}"
    acls = _acl_commands(brokers, principal, groups)
    if given_up_topic:
        acls.append(shlex.join([*_adding(brokers, principal, _WRITING), "--topic", given_up_topic]))
    return PollerAccess(protocol=protocol, principal=principal, groups=groups, acls=acls, notes=[_CLOSED, _ON_CLUSTER])


def _acl_commands(brokers: str, principal: str, groups: dict[str, str]) -> list[str]:
    if not groups:
        return []
    # Each operation is allowed on each of the resources.
    command = _adding(brokers, principal, _OPERATIONS)
    command += [*_repeated("--topic", [*groups]), *_repeated("--group", [*groups.values()])]
    return [shlex.join(command)]


def _adding(brokers: str, principal: str, operations: Sequence[str]) -> list[str]:
    command = ["kafka-acls.sh", "--bootstrap-server", brokers, "--command-config", "client.properties", "--add"]
    return [*command, "--allow-principal", principal, *_repeated("--operation", operations)]


def _repeated(option: str, values: Sequence[str]) -> list[str]:
    arguments: list[str] = []
    for value in values:
        arguments += [option, value]
    return arguments


def _statements(cluster_arn: str, groups: dict[str, str]) -> list[dict[str, Any]]:
    topics = [_arn(cluster_arn, "topic", topic) for topic in groups]
    consumers = [_arn(cluster_arn, "group", group) for group in groups.values()]
    return [
        _statement("LetThePollersLogIn", CLUSTER_ACTIONS, [cluster_arn]),
        _statement("LetThePollersReadTheTopics", TOPIC_ACTIONS, topics),
        _statement("LetThePollersCommit", GROUP_ACTIONS, consumers),
    ]


def _statement(sid: str, actions: Sequence[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}


def _arn(cluster_arn: str, kind: str, name: str) -> str:
    return f"{cluster_arn.replace(':cluster/', f':{kind}/')}/{name}"
