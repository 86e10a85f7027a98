"""Whether the SCRAM secret meets MSK's requirements; every fault at once, and never with what the secret holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from msk_toolkit.msk.credentials import ScramCredentials, inspect_credentials
from msk_toolkit.msk.findings import Finding

_PREFIX = "AmazonMSK_"
_DEFAULT_KEY = "alias/aws/secretsmanager"
# How long MSK may take to apply a change of a secret.
_ROTATION = timedelta(minutes=10)
# MSK's API reference and developer guide (msk-password-tutorial), read on 2026-11-28.
HOW_TO_ASSOCIATE = (
    "run mskv connect secret associate, or kafka batch-associate-scram-secret and check UnprocessedScramSecrets in its "
    "answer, since the call succeeds even if a secret is not associated; MSK needs the secret and its KMS key in the "
    "cluster's account and Region, a resource policy of the secret that allows kafka.amazonaws.com "
    "secretsmanager:GetSecretValue (MSK writes it when it associates the secret; leave it), and a key policy that lets "
    "the caller use the key"
)


class SecretFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the secret; None where it could not be asked. Its text is never printed."""

    secret_id: str
    name: str | None = None
    arn: str | None = None
    kms_key_id: str | None = None
    # A secret with the account's default key has no key of its own in its description.
    described: bool = False
    changed: datetime | None = None
    associated: Sequence[str] | None = None
    # Secrets of alternating users: then these are what the cluster must have associated, and the secret is a copy.
    users: Sequence[str] = ()
    text: str | None = None

    @property
    def is_answered(self) -> bool:
        """Whether Secrets Manager answered one of the questions about it."""
        return self.described or self.text is not None

    def __repr__(self) -> str:
        return f"SecretFacts({self.secret_id})"

    __str__ = __repr__


def check_secret(facts: SecretFacts, *, on_msk: bool = True) -> tuple[ScramCredentials | None, list[Finding]]:
    """The credentials, where they can be read, and everything that is wrong with the secret.

    Args:
        on_msk: whether MSK's conditions apply: name, key and association.
    """
    faults = secret_faults(facts) if on_msk else []
    credentials = None
    if facts.text is not None:
        credentials, faults_of_text = inspect_credentials(facts.text)
        faults += faults_of_text
    subject = f"secret {facts.secret_id}"
    return credentials, [Finding("error", subject, fault) for fault in faults]


def login_findings(facts: SecretFacts, now: datetime) -> list[str]:
    """Why MSK may refuse a login with the secret, a sentence each, as far as is known."""
    faults = [*secret_faults(facts), *_recent_change(facts, now)]
    return [f"the secret {fault}" for fault in faults] or _meaning_of_no_fault(facts, "the secret's")


def refusal_findings(facts: SecretFacts, now: datetime) -> list[Finding]:
    """Why MSK refused a login with the secret, beside what :func:`check_secret` says of it anyway."""
    reasons = _recent_change(facts, now)
    if not reasons and not secret_faults(facts):
        reasons = _meaning_of_no_fault(facts, "its")
    return [Finding("error", f"secret {facts.secret_id}", reason) for reason in reasons]


def _recent_change(facts: SecretFacts, now: datetime) -> list[str]:
    if not facts.changed or now - facts.changed >= _ROTATION:
        return []
    return [f"was changed {_ago(now - facts.changed)}; MSK may take 10 minutes to apply it"]


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute ago"
    return f"{minutes} minute{'s' if minutes > 1 else ''} ago"


def _meaning_of_no_fault(facts: SecretFacts, whose: str) -> list[str]:
    """What it means that MSK refuses a login with a secret that has no fault, as far as that is known."""
    if facts.described and facts.associated is not None:
        return [f"{whose} name, key and association meet MSK's requirements, so its user name or password is wrong"]
    return []


def secret_faults(facts: SecretFacts) -> list[str]:
    """Which of MSK's conditions the secret does not meet; the sentences go on from the secret's name."""
    return [*_faults_of_name(facts), *_faults_of_key(facts), *_faults_of_association(facts)]


def _faults_of_name(facts: SecretFacts) -> list[str]:
    name = facts.name or _name_in(facts.secret_id)
    if name.startswith(_PREFIX):
        return []
    return [
        f"is named {name}, but MSK accepts only names that begin with {_PREFIX}: create a new secret, since a "
        "secret cannot be renamed"
    ]


def _faults_of_key(facts: SecretFacts) -> list[str]:
    if facts.described and _is_default_key(facts.kms_key_id):
        return ["is encrypted with the default key aws/secretsmanager, but MSK requires a customer managed KMS key"]
    return []


def _is_default_key(kms_key_id: str | None) -> bool:
    return not kms_key_id or kms_key_id.endswith(_DEFAULT_KEY)


def _faults_of_association(facts: SecretFacts) -> list[str]:
    if facts.associated is None:
        return []
    if facts.users:
        return _faults_of_users(facts.associated, facts.users)
    if _is_among(facts.associated, facts.arn or facts.secret_id):
        return []
    return [f"is not associated with the cluster, so the brokers refuse its user; {HOW_TO_ASSOCIATE}"]


def _faults_of_users(associated: Sequence[str], users: Sequence[str]) -> list[str]:
    missing = [arn for arn in users if not _is_among(associated, arn)]
    if not missing:
        return []
    return [
        f"is a copy for two alternating users, and the cluster has not associated {' and '.join(missing)}, so the "
        f"brokers refuse that user; {HOW_TO_ASSOCIATE}"
    ]


def _is_among(arns: Sequence[str], secret_id: str) -> bool:
    name = _name_in(secret_id)
    names = [_name_in(arn) for arn in arns]
    # An ARN ends with six random characters that a name does not have.
    return name in names or name in [known.rpartition("-")[0] for known in names]


def _name_in(secret_id: str) -> str:
    """The name in an ARN (with the six random characters at its end), or the name itself."""
    return secret_id.rpartition(":secret:")[2] or secret_id
