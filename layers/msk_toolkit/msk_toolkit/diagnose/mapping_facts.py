"""Ask Lambda about the mappings, and IAM about the role that their pollers assume."""

from collections.abc import Callable, Sequence
from typing import Any

from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.mappings import MappingState, mapping_states
from msk_toolkit.aws.permissions import denied_actions
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.mapping import MappingFacts
from msk_toolkit.diagnose.poller_role import poller_actions
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.pollers import PollerListener
from msk_toolkit.msk.secret import SecretFacts
from msk_toolkit.settings.diagnose import DiagnoseSettings

# Each question makes two attempts at most; without a route to the API neither ends.
AWS_SECONDS = 12.0


def ask_mappings(
    clients: tuple[Any, Any],
    settings: DiagnoseSettings,
    listener: PollerListener,
    secret: SecretFacts | None,
    deadline: Deadline,
) -> MappingFacts:
    """What Lambda says of the mappings, and IAM of the role; what is refused costs its own answer only.

    Args:
        clients: boto3's, of Lambda and IAM.
    """
    lambda_client, iam = clients
    refusals: list[str] = []

    def ask[Answer](action: str, call: Callable[[], Answer]) -> Answer | None:
        try:
            return call_within(deadline.at_most(AWS_SECONDS), action, call)
        except ToolkitError as error:
            refusals.append(str(error))
            return None

    states = denied = None
    if settings.forwarder_function and (settings.cluster_arn or settings.bootstrap_servers):
        function, source = settings.forwarder_function, settings.cluster_arn
        states = ask("lambda:ListEventSourceMappings", lambda: mapping_states(lambda_client, function, source))
    if settings.forwarder_role_arn:
        actions = _poller_actions(settings, listener, secret, states or [])
        role = settings.forwarder_role_arn
        denied = ask("iam:SimulatePrincipalPolicy", lambda: denied_actions(iam, role, actions))
    return MappingFacts(states=states, denied=denied, refusals=refusals)


def _poller_actions(
    settings: DiagnoseSettings, listener: PollerListener, secret: SecretFacts | None, states: Sequence[MappingState]
) -> dict[str, Sequence[str]]:
    secret_arn, key = settings.scram_secret_arn or settings.client_certificate_secret_arn, ""
    if secret is not None:
        secret_arn = secret.arn or secret_arn
        key = secret.kms_key_id or ""
    return poller_actions(listener, settings.cluster_arn, secret_arn, key, states)
