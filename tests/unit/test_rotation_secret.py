"""Why MSK may refuse a login with a secret that is a copy for two alternating users."""

from datetime import UTC, datetime

import pytest
from msk_toolkit.msk.secret import SecretFacts, login_findings

NOW = datetime(2026, 11, 29, tzinfo=UTC)
LOGIN, ONE, TWO = (
    f"arn:aws:secretsmanager:eu-central-1:1:secret:AmazonMSK_{name}-AbCdEf" for name in ("login", "one", "two")
)


@pytest.mark.parametrize(
    ("associated", "said"),
    [
        ([ONE, TWO], "meet MSK's requirements"),
        ([LOGIN, ONE], f"has not associated {TWO}, so the brokers refuse that user"),
        ([], f"has not associated {ONE} and {TWO}"),
    ],
)
def test_the_users_own_secrets_must_be_associated_and_the_copy_need_not(associated: list[str], said: str) -> None:
    facts = SecretFacts(
        secret_id=LOGIN,
        name="AmazonMSK_login",
        kms_key_id="key",
        described=True,
        associated=associated,
        users=[ONE, TWO],
    )
    assert said in login_findings(facts, NOW)[0]
