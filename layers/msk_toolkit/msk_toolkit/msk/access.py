"""From the settings to an :class:`Access`: asks Secrets Manager and MSK for what the settings only name."""

from collections.abc import Callable
from typing import Any

from msk_toolkit.aws.bounded import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.msk.bootstrap import bootstrap_brokers
from msk_toolkit.msk.credentials import scram_credentials
from msk_toolkit.settings.cluster import ClusterSettings


def cluster_access(settings: ClusterSettings, client: Callable[[str], Any], deadline: Deadline) -> Access:
    """Everything that a connection with the cluster's brokers needs, read afresh.

    Args:
        settings: what the user declared.
        client: makes a boto3 client from a service's name; asked only for what the settings need.

    Raises:
        CredentialsError: the secret.
        ConfigurationError: no such cluster or listener.
        AwsError: AWS denied or did not answer.
    """
    username = password = ""
    if settings.auth_mode == "scram":
        secrets, secret = client("secretsmanager"), settings.scram_secret_arn
        credentials = call_within(deadline, f"reading secret {secret}", lambda: scram_credentials(secrets, secret))
        username, password = credentials.username, credentials.password
    brokers = settings.bootstrap_servers
    if not brokers:
        kafka, arn, mode = client("kafka"), settings.cluster_arn, settings.auth_mode
        brokers = call_within(
            deadline, f"asking MSK for the brokers of {arn}", lambda: bootstrap_brokers(kafka, arn, mode)
        )
    return Access(
        brokers=parse_brokers(brokers),
        auth_mode=settings.auth_mode,
        trusted_ca=settings.trusted_ca,
        username=username,
        password=password,
    )
