"""What happens to a SCRAM secret: decided from what AWS says of secret, key and cluster, before anything is done.

MSK's requirements are those of its guide (msk-password-tutorial), and the permissions those of CloudFormation's schema
of ``AWS::MSK::BatchScramSecret``, both read on 2026-11-29.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_PREFIX = "AmazonMSK_"
# Secrets Manager's own characters; with a dash and six characters at its end a name is taken for an ARN's.
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,500}")
_USER = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_USABLE_STATES = {"ACTIVE", "UPDATING", "HEALING", "MAINTENANCE", "REBOOTING_BROKER"}

Action = Literal["create", "associate", "disassociate"]
SYMBOLS = {"create": "+", "associate": "+", "disassociate": "-", "none": "=", "refuse": "!"}


class KeyFacts(NamedTuple):
    """A KMS key; ``manager`` is CUSTOMER or AWS."""

    arn: str
    manager: str
    state: str
    spec: str


class SecretFacts(NamedTuple):
    """A secret that exists; without a ``key`` it is encrypted with the account's default one."""

    arn: str
    name: str
    key: str
    deleted: bool


class ClusterFacts(NamedTuple):
    """A cluster, whether it has SASL/SCRAM on, and the ARNs of the secrets that are associated with it."""

    arn: str
    state: str
    scram: bool
    associated: tuple[str, ...]


class Wish(NamedTuple):
    """What a person asks for.

    Args:
        name: of the secret.
        user: of a new secret; empty for a copy.
        copy_of: name of the secret whose text a new one gets.
        associate: whether a new secret is associated, too.
        although_in_use: whether the stack's own secret may be disassociated.
    """

    action: Action
    name: str
    user: str = ""
    copy_of: str = ""
    associate: bool = True
    although_in_use: bool = False


class Step(NamedTuple):
    """A step; ``kind`` is one of :data:`SYMBOLS`."""

    kind: str
    text: str

    def line(self) -> str:
        """As a person reads it."""
        return f"{SYMBOLS[self.kind]} {self.text}"


class Observed(NamedTuple):
    """What AWS says; None for what does not exist, or is not asked for.

    Args:
        used: the ARNs that the stack's parameters name.
    """

    secret: SecretFacts | None
    key: KeyFacts | None
    cluster: ClusterFacts | None
    used: tuple[str, ...] = ()


def plan_secret(wish: Wish, observed: Observed) -> list[Step]:
    """The steps in their order; with a refusal among them none is taken."""
    if wish.action == "create":
        return [*_creation(wish, observed), *_association_of_new(wish, observed)]
    if observed.secret is None:
        return [Step("refuse", f"secret {wish.name}: does not exist in this account and Region")]
    if wish.action == "associate":
        return [*_faults_of_secret(observed.secret), *_association(observed.secret, observed.cluster)]
    return list(_disassociation(wish, observed.secret, observed))


def is_refused(steps: list[Step]) -> bool:
    """Whether a step is refused, so that none is taken."""
    return any(step.kind == "refuse" for step in steps)


def needs() -> list[str]:
    """What the policies of the secret and of its key must allow."""
    return [
        "secret's policy  MSK writes a statement when it associates the secret: kafka.amazonaws.com may "
        "secretsmanager:GetSecretValue; leave it",
        "key's policy     who associates: kms:CreateGrant, kms:DescribeKey, kms:Decrypt; who stores a password: "
        "kms:GenerateDataKey, kms:Decrypt; the stack's functions: kms:Decrypt. A key policy with the statement 'Enable "
        "IAM User Permissions' for the account leaves all of this to IAM",
    ]


def _creation(wish: Wish, observed: Observed) -> Iterator[Step]:
    if observed.secret is not None:
        yield from _faults_of_secret(observed.secret)
        yield Step("none", f"secret {wish.name}: exists; its password is not changed")
        return
    faults = [*_faults_of_name(wish), *_faults_of_key(observed.key)]
    yield from (Step("refuse", fault) for fault in faults)
    if not faults and observed.key is not None:
        content = f"a copy of {wish.copy_of}" if wish.copy_of else f"user {wish.user}, a new password that is not shown"
        yield Step("create", f"secret {wish.name}: {content}, encrypted with {observed.key.arn}")


def _faults_of_name(wish: Wish) -> Iterator[str]:
    if not wish.name.startswith(_PREFIX):
        yield f"secret {wish.name}: MSK accepts only names that begin with {_PREFIX}"
    elif not _NAME.fullmatch(wish.name):
        yield f"secret {wish.name}: a name has letters, digits and /_+=.@- only"
    if not wish.copy_of and not _USER.fullmatch(wish.user):
        yield f"user {wish.user}: use letters, digits and ._@- (up to 64), which every client and every ACL can carry"


def _faults_of_key(key: KeyFacts | None) -> Iterator[str]:
    if key is None:
        yield "key: name a customer managed key with --key"
    elif key.manager != "CUSTOMER":
        yield f"key {key.arn}: is AWS's own, but MSK requires a customer managed key"
    elif key.state != "Enabled" or key.spec != "SYMMETRIC_DEFAULT":
        yield f"key {key.arn}: is {key.state}, {key.spec}; an enabled symmetric key is required"


def _faults_of_secret(secret: SecretFacts) -> Iterator[Step]:
    if secret.deleted:
        text = "is scheduled for deletion: restore it (aws secretsmanager restore-secret), or use another name"
        yield Step("refuse", f"secret {secret.name}: {text}")
    if not secret.name.startswith(_PREFIX):
        yield Step("refuse", f"secret {secret.name}: MSK accepts only names that begin with {_PREFIX}")
    if not secret.key or secret.key.endswith("alias/aws/secretsmanager"):
        text = "is encrypted with the default key aws/secretsmanager, but MSK requires a customer managed key"
        yield Step("refuse", f"secret {secret.name}: {text}")


def _association_of_new(wish: Wish, observed: Observed) -> list[Step]:
    if wish.copy_of:
        return [Step("none", "cluster: a copy for two alternating users is not associated")]
    if not wish.associate:
        return []
    if observed.secret is not None:
        return _association(observed.secret, observed.cluster)
    return _cluster_faults(observed.cluster) or [_associating(wish.name, observed.cluster)]


def _association(secret: SecretFacts, cluster: ClusterFacts | None) -> list[Step]:
    faults = _cluster_faults(cluster)
    if faults or cluster is None:
        return faults
    if secret.arn in cluster.associated:
        return [Step("none", f"cluster {cluster.arn}: is associated with {secret.name}")]
    return [_associating(secret.name, cluster)]


def _associating(name: str, cluster: ClusterFacts | None) -> Step:
    where = cluster.arn if cluster else ""
    return Step("associate", f"cluster {where}: is associated with {name}; its user can log in within 10 minutes")


def _cluster_faults(cluster: ClusterFacts | None) -> list[Step]:
    if cluster is None:
        return [Step("refuse", "cluster: name it with --cluster")]
    if not cluster.scram:
        text = "has SASL/SCRAM off: switch it on (aws kafka update-security), which takes MSK some minutes"
        return [Step("refuse", f"cluster {cluster.arn}: {text}")]
    if cluster.state not in _USABLE_STATES:
        return [Step("refuse", f"cluster {cluster.arn}: is {cluster.state}")]
    return []


def _disassociation(wish: Wish, secret: SecretFacts, observed: Observed) -> Iterator[Step]:
    cluster = observed.cluster
    if cluster is None:
        yield Step("refuse", "cluster: name it with --cluster")
    elif secret.arn not in cluster.associated:
        yield Step("none", f"cluster {cluster.arn}: is not associated with {secret.name}")
    elif secret.arn in observed.used and not wish.although_in_use:
        text = "the stack logs in with it, and could not any more: use another secret first, or --although in-use"
        yield Step("refuse", f"secret {secret.name}: {text}")
    else:
        text = "is no longer associated with"
        yield Step(
            "disassociate",
            f"cluster {cluster.arn}: {text} {secret.name}; its user is refused within 10 minutes, and keeps open "
            "connections: remove its ACLs first",
        )
