"""The registrar that reaches Vantiq: its resources and its subscriptions, with one deadline over both."""

from collections.abc import Callable

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.connect.check import CheckResponse, check_targets_of_topics
from msk_toolkit.connect.register import DesiredRegistration, Registration, register
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.vantiq import VantiqSettings
from msk_toolkit.vantiq.client import VantiqClient, endpoint_of
from msk_toolkit.vantiq.events import arrivals_of
from msk_toolkit.vantiq.resources import VantiqResources
from msk_toolkit.vantiq.token import Token

# A check runs by a schedule, and until it ends the function accepts no other request.
_CHECK_SECONDS = 45.0


def check_targets(
    settings: ConnectSettings, vantiq_settings: VantiqSettings, client: MakeClient, deadline: Deadline
) -> CheckResponse:
    """Ask Vantiq about the forwarder's targets; a target about which it does not answer in time is ``unknown``."""
    secrets = client("secretsmanager")
    token = Token(secrets, vantiq_settings.vantiq_token_secret_arn)
    vantiq = VantiqClient.from_settings(vantiq_settings, token, secrets)
    try:
        return check_targets_of_topics(settings, VantiqResources(vantiq, deadline.at_most(_CHECK_SECONDS)))
    finally:
        vantiq.close()


def registrar(
    settings: VantiqSettings, client: MakeClient, deadline: Deadline, *, write: bool
) -> Callable[[DesiredRegistration, list[Finding]], Registration | None]:
    """What ``run_connect`` calls for plan and register; an error that keeps it from Vantiq becomes a finding."""

    def carry_out(desired: DesiredRegistration, findings: list[Finding]) -> Registration | None:
        secrets = client("secretsmanager")
        token = Token(secrets, settings.vantiq_token_secret_arn)
        vantiq = VantiqClient.from_settings(settings, token, secrets)
        endpoint, namespace = endpoint_of(settings, secrets), settings.vantiq_namespace
        try:
            return register(
                VantiqResources(vantiq, deadline),
                lambda source: arrivals_of(source, endpoint, token.text(deadline), namespace, deadline),
                desired,
                findings,
                write=write,
            )
        except ToolkitError as error:
            findings.append(Finding("error", "Vantiq", str(error)))
            return None
        finally:
            vantiq.close()

    return carry_out
