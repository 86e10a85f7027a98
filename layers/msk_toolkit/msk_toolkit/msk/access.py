"""From the settings to an :class:`Access`: asks Secrets Manager and MSK for what the settings only refer to."""

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.msk.bootstrap import bootstrap_brokers
from msk_toolkit.msk.client_certificate import read_client_certificate
from msk_toolkit.msk.credentials import scram_credentials
from msk_toolkit.settings.cluster import SCRAM_MODES, ClusterSettings


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
    certificate = None
    if settings.auth_mode in SCRAM_MODES:
        secrets, secret = client("secretsmanager"), settings.scram_secret_arn
        credentials = scram_credentials(secrets, secret, deadline)
        username, password = credentials.username, credentials.password
    elif settings.auth_mode == "mtls":
        secrets, secret = client("secretsmanager"), settings.client_certificate_secret_arn
        certificate = read_client_certificate(secrets, secret, deadline)
    brokers = settings.bootstrap_servers
    if not brokers:
        brokers = bootstrap_brokers(client("kafka"), settings, deadline)
    return Access(
        brokers=parse_brokers(brokers),
        auth_mode=settings.auth_mode,
        trusted_ca=settings.trusted_ca,
        username=username,
        password=password,
        client_certificate=certificate,
    )
