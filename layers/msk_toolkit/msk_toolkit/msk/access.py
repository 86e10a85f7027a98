"""From the settings to an :class:`Access`: asks Secrets Manager and MSK for what the settings only refer to."""

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.msk.bootstrap import bootstrap_brokers
from msk_toolkit.msk.credentials import scram_credentials
from msk_toolkit.settings.cluster import ClusterSettings


def cluster_access(settings: ClusterSettings, client: MakeClient, deadline: Deadline) -> Access:
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
        credentials = scram_credentials(secrets, secret, deadline)
        username, password = credentials.username, credentials.password
    brokers = settings.bootstrap_servers
    if not brokers:
        kafka, arn, mode = client("kafka"), settings.cluster_arn, settings.auth_mode
        brokers = bootstrap_brokers(kafka, arn, mode, deadline)
    return Access(
        brokers=parse_brokers(brokers),
        auth_mode=settings.auth_mode,
        trusted_ca=settings.trusted_ca,
        username=username,
        password=password,
    )
