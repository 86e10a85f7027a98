"""Secrets Manager: the text of a secret, or a sentence on why not. The text itself is never in an error."""

from typing import Protocol

from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, CredentialsError

_REASONS = {
    "ResourceNotFoundException": "not found: check the ARN and the Region",
    # Also when the key is what was denied.
    "AccessDeniedException": "access denied: allow secretsmanager:GetSecretValue, and kms:Decrypt on the secret's key, "
    "for the function's role",
    "DecryptionFailure": "can't be decrypted: allow kms:Decrypt on the secret's key for the function's role",
    "InvalidRequestException": "marked for deletion or has no value yet",
}


class SecretsClient(Protocol):
    """The one call of boto3's ``secretsmanager`` client that is used."""

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803 - boto3's own name
        """Answer ``{"SecretString": ...}``."""
        ...


def read_secret(secrets: SecretsClient, secret_id: str, deadline: Deadline) -> str:
    """The secret's current text.

    Raises:
        CredentialsError: not found, denied, not decryptable, binary.
        AwsError: another refusal, or no answer by the deadline.
    """
    action = f"reading secret {secret_id}"
    try:
        answer = call_within(deadline, action, lambda: secrets.get_secret_value(SecretId=secret_id))
    except AwsError as error:
        reason = _REASONS.get(error.code)
        if reason is None:
            raise
        raise CredentialsError(f"secret {secret_id}: {reason}") from error
    text = answer.get("SecretString")
    if not isinstance(text, str):
        raise CredentialsError(f"secret {secret_id}: holds binary data; store text")
    return text
