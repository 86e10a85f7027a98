"""Which AWS services the functions and the pollers would not reach, and what to do about it."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from mskv.init.facts import AuthMode, Subnet


class MissingServices(NamedTuple):
    """Subnets without a route out of the VPC, what they do not reach, and what to do.

    Args:
        text: a sentence.
        remedy: an instruction.
    """

    text: str
    remedy: str


def missing_services(
    subnets: Collection[Subnet],
    cluster_subnets: Collection[str],
    endpoints: Collection[str] | None,
    parameters: Mapping[str, str],
    mode: AuthMode | None,
) -> Iterator[MissingServices]:
    """What the functions, and the mappings' pollers, would not reach.

    Args:
        subnets: those of the VPC.
        cluster_subnets: where the pollers run.
        endpoints: services with an endpoint in the VPC; None where unknown.
        parameters: the stack's, as far as they are known.
    """
    chosen = parameters.get("SubnetIds", "").split(",")
    without = sorted(subnet.id for subnet in subnets if not subnet.route_out)
    functions = [subnet for subnet in without if subnet in chosen]
    if functions:
        yield _functions(functions, endpoints, parameters)
    pollers = [subnet for subnet in without if subnet in cluster_subnets]
    lacking = _lacking(_needs_of_pollers(parameters, mode), endpoints)
    if pollers and lacking:
        yield MissingServices(
            f"the mappings' pollers run in {', '.join(pollers)}, without a route to a NAT gateway{_endpoints(lacking)}",
            _remedy_for_pollers(lacking, parameters),
        )


def _functions(subnets: list[str], endpoints: Collection[str] | None, parameters: Mapping[str, str]) -> MissingServices:
    lacking = _lacking(_needs_of_functions(parameters), endpoints)
    text = f"no route to a NAT gateway from {', '.join(subnets)}: the functions reach Vantiq at a private address only"
    if not lacking:
        return MissingServices(
            text, "add a NAT gateway, or set VantiqProxy, unless Vantiq has an address in your networks"
        )
    return MissingServices(
        text + _endpoints(lacking),
        f"add a NAT gateway, or endpoints for {', '.join(lacking)}; README lists who needs them",
    )


def _needs_of_functions(parameters: Mapping[str, str]) -> Iterator[str]:
    # As the table "Outbound connectivity" of the README.
    yield from ("secretsmanager", "s3")
    if not parameters.get("BootstrapServers"):
        yield "kafka"
    if parameters.get("PollerMode") == "provisioned":
        yield "lambda"


def _needs_of_pollers(parameters: Mapping[str, str], mode: AuthMode | None) -> Iterator[str]:
    if parameters.get("PollerMode") == "provisioned":
        if not parameters.get("GivenUpTopic"):
            yield "s3"
        return
    yield from ("lambda", "sts")
    if mode == "scram":
        yield "secretsmanager"


def _lacking(needs: Iterator[str], endpoints: Collection[str] | None) -> list[str]:
    return [service for service in needs if service not in (endpoints or ())]


def _endpoints(lacking: list[str]) -> str:
    return f", and the VPC has no endpoint for {', '.join(lacking)}"


def _remedy_for_pollers(lacking: list[str], parameters: Mapping[str, str]) -> str:
    text = f"add a NAT gateway, or endpoints for {', '.join(lacking)}"
    if parameters.get("PollerMode") == "provisioned":
        return text
    return f"{text}, or set PollerMode=provisioned, whose pollers need s3 alone"
