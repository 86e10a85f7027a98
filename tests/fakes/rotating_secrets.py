"""Secrets Manager as far as a rotation needs it: versions, staging labels, and the four steps of a rotation.

By its API reference and its user guide ("Rotation by Lambda function"): a rotation begins with a pending version that
has no value, a version that becomes current gives the former one ``AWSPREVIOUS``, and the whole rotation is tried again
with the same token where a step fails.
"""

import threading
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from msk_toolkit.aws.secret_versions import CURRENT, PENDING, PREVIOUS

from tests.fakes.aws_fake import FakeAws, Json

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def _refused(code: str, text: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "Operation")


class _Secret:
    def __init__(self, text: str) -> None:
        first = str(uuid.uuid4())
        self.texts: dict[str, str | None] = {first: text}
        self.labels: dict[str, set[str]] = {first: {CURRENT}}
        self.rotates = False

    def version_with(self, label: str) -> str:
        return next((version for version, labels in self.labels.items() if label in labels), "")

    def move(self, label: str, version: str) -> None:
        former = self.version_with(label)
        for labels in self.labels.values():
            labels.discard(label)
        self.labels.setdefault(version, set()).add(label)
        if label == CURRENT and former and former != version:
            self.move(PREVIOUS, former)


class SecretStore:
    """Secrets by name; ``aws`` makes clients that are answered from it. Threads may share it."""

    def __init__(self, **answers: Any) -> None:
        self._secrets: dict[str, _Secret] = {}
        self._lock = threading.RLock()
        self.aws = FakeAws(
            describe_secret=self._describe,
            get_secret_value=self._get,
            put_secret_value=self._put,
            update_secret_version_stage=self._relabel,
            **answers,
        )

    def create(self, name: str, text: str, *, rotates: bool = False) -> str:
        """A new secret; returns its name."""
        self._secrets[name] = _Secret(text)
        self._secrets[name].rotates = rotates
        return name

    def current(self, name: str) -> str:
        """The text of the current version."""
        with self._lock:
            secret = self._secrets[name]
            return secret.texts[secret.version_with(CURRENT)] or ""

    def labels(self, name: str) -> dict[str, set[str]]:
        """The labels of each version that has some."""
        return {version: set(labels) for version, labels in self._secrets[name].labels.items() if labels}

    def everything(self) -> dict[str, tuple[dict[str, str | None], dict[str, set[str]]]]:
        """All that is stored, to compare."""
        return {name: (dict(secret.texts), self.labels(name)) for name, secret in self._secrets.items()}

    def begin(self, name: str) -> str:
        """Begin a rotation, as RotateSecret does; returns its token.

        Raises:
            AssertionError: another one is in progress: RotateSecret would refuse it.
        """
        secret = self._secrets[name]
        pending = secret.version_with(PENDING)
        assert pending in {"", secret.version_with(CURRENT)}, "a previous rotation is not complete"
        token = str(uuid.uuid4())
        secret.move(PENDING, token)
        return token

    def rotate(self, name: str, handler: Callable[[Json], Any]) -> list[Any]:
        """A whole rotation; the answers of its steps."""
        token = self.begin(name)
        return [handler(step(step_name, name, token)) for step_name in STEPS]

    def _of(self, request: Json) -> _Secret:
        if request["SecretId"] not in self._secrets:
            raise _refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return self._secrets[request["SecretId"]]

    def _describe(self, **request: Any) -> Json:
        with self._lock:
            secret = self._of(request)
            labels = {version: sorted(labels) for version, labels in secret.labels.items() if labels}
            return {
                "Name": request["SecretId"],
                "KmsKeyId": "key",
                "RotationEnabled": secret.rotates,
                "VersionIdsToStages": labels,
            }

    def _get(self, **request: Any) -> Json:
        with self._lock:
            secret = self._of(request)
            version = request.get("VersionId") or secret.version_with(request.get("VersionStage", CURRENT))
            text = secret.texts.get(version)
            if text is None:
                raise _refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value.")
            return {"SecretString": text, "VersionId": version}

    def _put(self, **request: Any) -> Json:
        with self._lock:
            secret, version = self._of(request), request["ClientRequestToken"]
            known = secret.texts.get(version)
            if known is not None:
                if known != request["SecretString"]:
                    raise _refused("ResourceExistsException", "A version with this token has another value.")
                return {"VersionId": version}
            secret.texts[version] = request["SecretString"]
            for label in request["VersionStages"]:
                secret.move(label, version)
            return {"VersionId": version}

    def _relabel(self, **request: Any) -> Json:
        with self._lock:
            secret, label = self._of(request), request["VersionStage"]
            if secret.version_with(label) != request.get("RemoveFromVersionId", ""):
                raise _refused("InvalidParameterException", "The label is attached to another version.")
            if "MoveToVersionId" in request:
                secret.move(label, request["MoveToVersionId"])
            else:
                secret.labels[request["RemoveFromVersionId"]].discard(label)
            return {}


def step(name: str, secret: str, token: str) -> Json:
    """The event of a step."""
    return {"Step": name, "SecretId": secret, "ClientRequestToken": token, "RotationToken": "unknown to the toolkit"}
