"""The registrar that reaches Vantiq: its resources and its subscriptions, with one deadline over both."""

from collections.abc import Callable

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.connect.check import CheckResponse, check_targets_of_topics
from msk_toolkit.connect.register import DesiredRegistration, Registration, register
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.network.trust import tls_context
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.vantiq import VantiqSettings
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.events import arrivals_of
from msk_toolkit.vantiq.resources import VantiqResources
from msk_toolkit.vantiq.token import Token

# A check runs by a schedule, and until it ends the function accepts no other request.
_CHECK_SECONDS = 45.0


def check_targets(
    settings: ConnectSettings, vantiq_settings: VantiqSettings, client: MakeClient, deadline: Deadline
) -> CheckResponse:
    """Ask Vantiq about the forwarder's targets; a target about which it does not answer in time is ``unknown``."""
    token = Token(client("secretsmanager"), vantiq_settings.vantiq_token_secret_arn)
    vantiq = VantiqClient.from_settings(vantiq_settings, token)
    try:
        return check_targets_of_topics(settings, VantiqResources(vantiq, deadline.at_most(_CHECK_SECONDS)))
    finally:
        vantiq.close()


def registrar(
    settings: VantiqSettings, client: MakeClient, deadline: Deadline, *, write: bool
) -> Callable[[DesiredRegistration, list[Finding]], Registration | None]:
    """What ``run_connect`` calls for plan and register; an error that keeps it from Vantiq becomes a finding."""

    def carry_out(desired: DesiredRegistration, findings: list[Finding]) -> Registration | None:
        token = Token(client("secretsmanager"), settings.vantiq_token_secret_arn)
        vantiq = VantiqClient.from_settings(settings, token)
        address, namespace = settings.vantiq_address, settings.vantiq_namespace
        context = tls_context(settings.vantiq_trusted_ca) if address.tls else None
        try:
            return register(
                VantiqResources(vantiq, deadline),
                lambda source: arrivals_of(source, address, context, token.text(deadline), namespace, deadline),
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
