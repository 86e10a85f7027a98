"""Outbound connectivity: README lists what diagnose checks, and that is what the functions really call."""

import pytest
from msk_toolkit.diagnose.needs import SERVICE_USES, VANTIQ_USERS, FunctionMode, needs_of

from docs.egress import Language, egress_table
from tests.template.stack import Stack, with_every_function
from tests.unit.test_documents import ROOT

NO_SECRET = {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
# Secrets Manager calls KMS; brokers are not a service; logs do not pass through the VPC.
NO_ROUTE_OF_THEIR_OWN = {"kms", "kafka-cluster", "logs"}


@pytest.mark.parametrize(("page", "language"), [("README.md", "en"), ("README.ja.md", "ja")])
def test_readme_has_the_table_that_diagnose_checks(page: str, language: Language) -> None:
    assert egress_table(language) in (ROOT / page).read_text(encoding="utf-8")


def functions(stack: Stack) -> dict[str, str]:
    """Resources of the functions in the VPC, by the ends of the functions' names."""
    resources = stack.template["Resources"]
    functions = stack.names("AWS::Serverless::Function")
    names = [name for name in functions if "VpcConfig" not in resources[name].get("IgnoreGlobals", [])]
    return {stack.properties(name)["FunctionName"].removeprefix("shop-"): name for name in names}


def permitted(stack: Stack, function: str) -> set[str]:
    """The services that the function itself may call; what the pollers may do with the forwarder's role is theirs."""
    services = set()
    for sid, statement in stack.statements(function).items():
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        if not sid.startswith("LetThePollers"):
            services |= {action.partition(":")[0] for action in actions}
    return services - NO_ROUTE_OF_THEIR_OWN


@pytest.mark.parametrize("poller_mode", ["on-demand", "provisioned"])
@pytest.mark.parametrize("auth_mode", ["scram", "iam", "tls", "none"])
def test_each_service_that_a_function_may_call_is_in_the_table_and_no_other(auth_mode: str, poller_mode: str) -> None:
    secret, rotation = NO_SECRET, set[str]()
    if auth_mode == "scram":
        secret, rotation = {"ScramRotationDays": "30"}, {"rotation"}
    stack = Stack(AuthMode=auth_mode, PollerMode=poller_mode, **secret)
    calls = {(name, service) for name, resource in functions(stack).items() for service in permitted(stack, resource)}
    modes = {"always", "asks-msk", poller_mode, auth_mode, *rotation}
    uses = [use for use in SERVICE_USES if use.place == "functions" and {*use.modes} <= modes]
    table = {(user, use.service) for use in uses for user in use.users}
    assert table == calls


def test_vantiq_is_called_by_those_that_know_its_address() -> None:
    stack = with_every_function()
    knowing = {name for name, resource in functions(stack).items() if "VANTIQ_URL" in stack.variables(resource)}
    assert knowing == set(VANTIQ_USERS)


@pytest.mark.parametrize(
    ("modes", "services"),
    [
        ({"on-demand", "scram"}, ["lambda", "sts", "secretsmanager"]),
        ({"on-demand"}, ["lambda", "sts"]),
        ({"provisioned", "scram", "bucket"}, ["s3"]),
        ({"provisioned", "bucket"}, ["s3"]),
        ({"provisioned"}, []),
    ],
)
def test_the_services_that_pollers_need_follow_their_mode(modes: set[FunctionMode], services: list[str]) -> None:
    assert [need.service for need in needs_of("pollers", modes)] == services


def test_of_several_uses_of_a_service_the_most_severe_counts() -> None:
    assert {need.service: need.severity for need in needs_of("functions", {"provisioned"})}["lambda"] == "warning"
    assert {need.service: need.severity for need in needs_of("functions", {"on-demand"})}["lambda"] == "note"
