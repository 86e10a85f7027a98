"""Why MSK refuses a login with credentials that look right: its conditions on the secret, checked one by one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from msk_toolkit.aws.call import all_items, call_within
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError

_PREFIX = "AmazonMSK_"
_DEFAULT_KEY = "alias/aws/secretsmanager"
# How long MSK may take to see a change of a secret.
_ROTATION = timedelta(minutes=10)


# MSK's API reference and developer guide (msk-password-tutorial), read on 2026-11-28.
HOW_TO_ASSOCIATE = (
    "run kafka batch-associate-scram-secret and look at UnprocessedScramSecrets in its answer: the call succeeds all "
    "the same; MSK needs the secret and its KMS key in the cluster's account and Region, a resource policy of the "
    "secret that lets kafka.amazonaws.com secretsmanager:GetSecretValue (MSK writes it when it associates; leave it), "
    "and a key policy that lets the caller use the key"
)


class Secret(msgspec.Struct, frozen=True):
    """What DescribeSecret tells about a secret; ``key`` is empty for the default KMS key."""

    arn: str
    name: str
    key: str
    changed: datetime | None


def findings(secret: Secret | None, associated: Sequence[str] | None, now: datetime) -> list[str]:
    """What is wrong with the secret in MSK's eyes, a sentence each; None stands for what could not be asked."""
    found = []
    if secret and not secret.name.startswith(_PREFIX):
        found.append(f"the secret's name is {secret.name}; MSK takes only names that begin with {_PREFIX}")
    if secret and (not secret.key or secret.key.endswith(_DEFAULT_KEY)):
        found.append("the secret is encrypted with the default KMS key; MSK demands a customer managed one")
    if secret and associated is not None and secret.arn not in associated:
        found.append(f"the secret is not associated with the cluster; {HOW_TO_ASSOCIATE}")
    if secret and secret.changed and now - secret.changed < _ROTATION:
        minutes = int((now - secret.changed).total_seconds() // 60)
        found.append(f"the secret was changed {minutes} minutes ago; MSK may take 10 minutes to see it")
    if not found and secret and associated is not None:
        found.append(
            "the secret is named, encrypted and associated as MSK demands: the password in it is not the user's"
        )
    return found


def secret_findings(
    client: MakeClient,
    secret_id: str,
    cluster_arn: str,
    deadline: Deadline,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[str]:
    """Ask Secrets Manager and MSK, as far as they are permitted, for what :func:`findings` judges."""
    secret: Secret | None = None
    associated: list[str] | None = None
    denied = []
    try:
        answer = call_within(
            deadline,
            "secretsmanager:DescribeSecret",
            lambda: client("secretsmanager").describe_secret(SecretId=secret_id),
        )
        changed = answer.get("LastChangedDate")
        secret = Secret(answer["ARN"], answer["Name"], answer.get("KmsKeyId") or "", changed)
    except ToolkitError:
        denied.append("the secret could not be described (secretsmanager:DescribeSecret)")
    if cluster_arn:
        try:
            associated = call_within(
                deadline,
                "kafka:ListScramSecrets",
                lambda: all_items(client("kafka"), "list_scram_secrets", "SecretArnList", ClusterArn=cluster_arn),
            )
        except ToolkitError:
            denied.append("the associated secrets could not be listed (kafka:ListScramSecrets)")
    return findings(secret, associated, now()) + denied
