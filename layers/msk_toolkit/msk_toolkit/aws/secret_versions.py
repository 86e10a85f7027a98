"""A secret's versions and their staging labels, as a rotation reads and writes them; no error holds a secret's text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from msk_toolkit.aws.call import NotFoundAtAwsError, call_within
from msk_toolkit.deadline import Deadline

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
# An answer takes a fraction of a second; without a network path it never comes.
_CALL_SECONDS = 15.0


class SecretLabels(msgspec.Struct, frozen=True):
    """Which version has which staging labels, and whether Secrets Manager rotates the secret."""

    rotation_enabled: bool
    labels: Mapping[str, Sequence[str]]

    def version_with(self, label: str) -> str:
        """The id of the version with the label; empty where none has it."""
        return next((version for version, labels in self.labels.items() if label in labels), "")

    def of(self, version: str) -> Sequence[str]:
        """The labels of a version; none for one that is not there."""
        return self.labels.get(version, ())


class SecretVersions:
    """One secret, asked and changed within a deadline.

    Args:
        client: boto3's ``secretsmanager`` client.
        secret_id: ARN or name.
    """

    def __init__(self, client: Any, secret_id: str, deadline: Deadline) -> None:
        self._client = client
        self.secret_id = secret_id
        self._deadline = deadline

    def labels(self) -> SecretLabels:
        """Ask for the labels. Raises AwsError."""
        answer = self._call("DescribeSecret", lambda: self._client.describe_secret(SecretId=self.secret_id))
        return SecretLabels(bool(answer.get("RotationEnabled")), answer.get("VersionIdsToStages") or {})

    def current_text(self) -> str | None:
        """The text of the current version; None where it has none.

        Raises:
            AwsError: denied, or not answered.
        """
        return self._text({"VersionStage": CURRENT})

    def text_of(self, version: str) -> str | None:
        """The text of a version; None where it does not exist, or has no value yet.

        Raises:
            AwsError: denied, or not answered.
        """
        return self._text({"VersionId": version})

    def put(self, text: str, token: str, label: str) -> None:
        """Add the version ``token`` with a label; the same text once more changes nothing. Raises AwsError."""
        arguments = {
            "SecretId": self.secret_id,
            "ClientRequestToken": token,
            "SecretString": text,
            "VersionStages": [label],
        }
        self._call("PutSecretValue", lambda: self._client.put_secret_value(**arguments))

    def make_current(self, version: str, instead_of: str) -> None:
        """Move ``AWSCURRENT`` from one version to another. Raises AwsError."""
        self._relabel({"VersionStage": CURRENT, "MoveToVersionId": version, "RemoveFromVersionId": instead_of})

    def drop_pending(self, version: str) -> None:
        """Take ``AWSPENDING`` off a version, so that its rotation is over. Raises AwsError."""
        self._relabel({"VersionStage": PENDING, "RemoveFromVersionId": version})

    def _relabel(self, change: Mapping[str, str]) -> None:
        arguments = {"SecretId": self.secret_id, **change}
        self._call("UpdateSecretVersionStage", lambda: self._client.update_secret_version_stage(**arguments))

    def _text(self, which: Mapping[str, str]) -> str | None:
        arguments = {"SecretId": self.secret_id, **which}
        try:
            answer = self._call("GetSecretValue", lambda: self._client.get_secret_value(**arguments))
        except NotFoundAtAwsError:
            return None
        text = answer.get("SecretString")
        return text if isinstance(text, str) else None

    def _call(self, name: str, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        action = f"secretsmanager:{name} of {self.secret_id}"
        return call_within(self._deadline.at_most(_CALL_SECONDS), action, call)
