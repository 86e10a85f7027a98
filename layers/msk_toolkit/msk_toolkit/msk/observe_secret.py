"""Ask AWS about the SCRAM secret; what is refused costs its own answer only."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from msk_toolkit.aws.call import all_items, call_within
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.secrets import read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.observe import CALL_SECONDS
from msk_toolkit.msk.secret import SecretFacts, login_findings


def observe_secret(
    client: MakeClient, cluster_arn: str, secret_id: str, deadline: Deadline, users: Sequence[str] = ()
) -> tuple[SecretFacts, list[Finding]]:
    """The SCRAM secret and whether the cluster has associated it, as far as AWS answers by the deadline.

    Args:
        cluster_arn: empty where the cluster can't be asked.
        users: secrets of two alternating users, of which the secret is a copy.
    """
    findings: list[Finding] = []
    secrets, kafka = client("secretsmanager"), client("kafka")

    def answer[Answer](subject: str, ask: Callable[[Deadline], Answer]) -> Answer | None:
        try:
            return ask(deadline.at_most(CALL_SECONDS))
        except ToolkitError as error:
            findings.append(Finding("error", subject, str(error)))
            return None

    subject = f"secret {secret_id}"
    facts = answer(subject, lambda until: _described(secrets, secret_id, until)) or SecretFacts(secret_id=secret_id)
    text = answer(subject, lambda until: read_secret(secrets, secret_id, until))
    associated = None
    if cluster_arn:
        associated = answer("cluster", lambda until: _associated(kafka, cluster_arn, until))
    return msgspec.structs.replace(facts, text=text, associated=associated, users=users), findings


def secret_findings(
    client: MakeClient,
    secret_id: str,
    cluster_arn: str,
    deadline: Deadline,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    users: Sequence[str] = (),
) -> list[str]:
    """Why MSK refuses a login with credentials that look right, a sentence each: its conditions on the secret.

    The secret's text is not read. What could not be asked is a sentence, too.
    """
    facts = SecretFacts(secret_id=secret_id)
    unknown = []
    try:
        facts = _described(client("secretsmanager"), secret_id, deadline)
    except ToolkitError:
        unknown.append("the secret could not be described (secretsmanager:DescribeSecret)")
    if cluster_arn:
        try:
            associated = _associated(client("kafka"), cluster_arn, deadline)
            facts = msgspec.structs.replace(facts, associated=associated, users=users)
        except ToolkitError:
            unknown.append("the associated secrets could not be listed (kafka:ListScramSecrets)")
    return login_findings(facts, now()) + unknown


def _described(secrets: Any, secret_id: str, deadline: Deadline) -> SecretFacts:
    action = "secretsmanager:DescribeSecret"
    answer: Mapping[str, Any] = call_within(deadline, action, lambda: secrets.describe_secret(SecretId=secret_id))
    return SecretFacts(
        secret_id=secret_id,
        name=answer.get("Name"),
        arn=answer.get("ARN"),
        kms_key_id=answer.get("KmsKeyId"),
        described=True,
        changed=answer.get("LastChangedDate"),
    )


def _associated(kafka: Any, cluster_arn: str, deadline: Deadline) -> list[str]:
    return call_within(
        deadline,
        "kafka:ListScramSecrets",
        lambda: all_items(kafka, "list_scram_secrets", "SecretArnList", ClusterArn=cluster_arn),
    )
