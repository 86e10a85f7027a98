"""Contradictions between a stack's parameters that no Rule of a template can express.

Rules compare texts; they know no numbers, parts of texts or patterns of other parameters.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msk_toolkit.aws.poller_groups import poller_group_problems
from msk_toolkit.settings.catalogue import advanced_settings_problems
from msk_toolkit.settings.targets import parse_routes, parse_target
from msk_toolkit.settings.vantiq import parse_address
from msk_toolkit.topics.rules import name_problem

# MSK's listener ports inside the VPC; the functions' security groups allow the port of the AuthMode.
_LISTENERS = {"none": 9092, "tls": 9094, "scram": 9096, "iam": 9098}
_LAST_PORT = 65535
_ARNS = ("ClusterArn", "ScramSecretArn", "VantiqTokenSecretArn")
_REGION_OF_AN_ARN = 3
# Lambda accepts 4,096 bytes of variables; the rest is for their names, for names made of the stack's, and for the
# probe's topic.
PARAMETER_BYTES = 3400
_OF_A_BROKER_FUNCTION = ("ClusterArn", "ScramSecretArn", "BootstrapServers", "TrustedCa")
_OF_A_VANTIQ_FUNCTION = (
    "VantiqUrl",
    "VantiqTokenSecretArn",
    "VantiqNamespace",
    "VantiqTarget",
    "VantiqRoutes",
    "VantiqTrustedCa",
    "HeartbeatTarget",
)
# Function -> the parameters that its variables hold, beside AdvancedSettings, which all have.
ENVIRONMENTS = {
    "consumer probe": (*_OF_A_BROKER_FUNCTION, "ForwardTopics", "LagGroups"),
    "connect function": (*_OF_A_BROKER_FUNCTION, *_OF_A_VANTIQ_FUNCTION, "ForwardTopics"),
    "diagnose function": (*_OF_A_BROKER_FUNCTION, "SubnetIds"),
    "forwarder": (*_OF_A_VANTIQ_FUNCTION, "SetAside"),
    "redrive": (*_OF_A_BROKER_FUNCTION, *_OF_A_VANTIQ_FUNCTION),
}


def stack_findings(parameters: Mapping[str, Any], region: str) -> list[str]:
    """Each contradiction in a sentence that names the parameters and what to do; empty where there is none.

    Args:
        parameters: as CloudFormation hands them over: texts, and lists of texts. An absent one is not checked.
        region: the stack's.
    """
    given = {name: value for name, value in parameters.items() if value not in ("", [], None)}
    return [
        *_regions(given, region),
        *_ports(given),
        *_kinds(given),
        *_vantiq_port(given),
        *_topics(given),
        *_pollers(given),
        *_environments(given),
        *_advanced(given),
    ]


def _regions(given: Mapping[str, Any], region: str) -> Iterator[str]:
    for name in _ARNS:
        parts = str(given.get(name, "")).split(":")
        if len(parts) > _REGION_OF_AN_ARN and region and parts[_REGION_OF_AN_ARN] != region:
            yield f"{name} is in {parts[_REGION_OF_AN_ARN]} and the stack in {region}: deploy the stack there"


def _ports(given: Mapping[str, Any]) -> Iterator[str]:
    opened = str(given.get("BootstrapPorts", ""))
    first, _, last = opened.partition("-")
    if opened and not 1 <= int(first) <= int(last) <= _LAST_PORT:
        yield f"BootstrapPorts {opened}: give the first and the last port, from 1 to {_LAST_PORT}, such as 9001-9003"
        return
    allowed: set[int] = set()
    if opened:
        allowed.update(range(int(first), int(last) + 1))
    mode = str(given.get("AuthMode", "scram"))
    listener = _LISTENERS.get(mode)
    servers = [server for server in str(given.get("BootstrapServers", "")).split(",") if server]
    strange = sorted({int(server.rpartition(":")[2]) for server in servers} - {listener, *allowed})
    if strange:
        ports = ", ".join(map(str, strange))
        yield (
            f"BootstrapServers: the stack's security groups have no outbound rule for port {ports}; MSK's port "
            f"for AuthMode {mode} is {listener}. Correct the port or the AuthMode, or, where something in front of the "
            f"brokers listens there, give BootstrapPorts, such as {strange[0]}-{strange[-1]}"
        )


def _kinds(given: Mapping[str, Any]) -> Iterator[str]:
    if given.get("ClusterKind") == "serverless" and given.get("AuthMode", "scram") != "iam":
        yield f"ClusterKind serverless: MSK Serverless accepts only AuthMode iam, not {given.get('AuthMode', 'scram')}"


def _vantiq_port(given: Mapping[str, Any]) -> Iterator[str]:
    if "VantiqUrl" not in given:
        return
    try:
        port = parse_address(str(given["VantiqUrl"])).port
    except ValueError as error:
        yield f"VantiqUrl {error}"
        return
    if "VantiqPort" in given and int(given["VantiqPort"]) != port:
        yield f"VantiqUrl means port {port} and VantiqPort is {given['VantiqPort']}: set VantiqPort to {port}"


def _pollers(given: Mapping[str, Any]) -> Iterator[str]:
    if given.get("PollerMode") != "provisioned" or "MaximumPollers" not in given:
        return
    least, most = int(given.get("MinimumPollers", 1)), int(given["MaximumPollers"])
    if least > most:
        yield f"MinimumPollers {least} is above MaximumPollers {most}: Lambda rejects such a mapping"
    # All mappings of the stack are in one group; the heartbeats' has one poller.
    maximums = [most] * len(given.get("ForwardTopics", ())) + [1] * ("HeartbeatTarget" in given)
    for problem in poller_group_problems(maximums):
        yield f"ForwardTopics and MaximumPollers: {problem} in one stack: lower MaximumPollers, or deploy two stacks"


def _environments(given: Mapping[str, Any]) -> Iterator[str]:
    for function, names in ENVIRONMENTS.items():
        values = {name: given[name] for name in (*names, "AdvancedSettings") if name in given}
        sizes = {name: len(_joined(value).encode()) for name, value in values.items()}
        if sum(sizes.values()) > PARAMETER_BYTES:
            largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
            shown = ", ".join(f"{name} {sizes[name]}" for name in largest)
            yield (
                f"the {function}'s variables would exceed Lambda's limit of 4 KB: its parameters may have "
                f"{PARAMETER_BYTES} bytes together and have {sum(sizes.values())} ({shown}); shorten them, or "
                "forward the topics with two stacks"
            )


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def _topics(given: Mapping[str, Any]) -> Iterator[str]:
    names = [str(name) for name in given.get("ForwardTopics", [])]
    problems = {name: problem for name in names if (problem := name_problem(name))}
    yield from (f"ForwardTopics: {problem}" for problem in problems.values())
    if "HeartbeatTarget" in given:
        if given.get("ProbeTopic") in names:
            yield (
                f"ForwardTopics names {given['ProbeTopic']}, which HeartbeatTarget forwards already: Lambda rejects a "
                "second mapping of the same topic and group; remove it from ForwardTopics"
            )
        try:
            parse_target(str(given["HeartbeatTarget"]))
        except ValueError as error:
            yield f"HeartbeatTarget {error}"
    yield from _routes(given, [name for name in dict.fromkeys(names) if name not in problems])


def _routes(given: Mapping[str, Any], topics: Iterable[str]) -> Iterator[str]:
    if "VantiqTarget" not in given:
        return
    try:
        routes = parse_routes(str(given["VantiqTarget"]), str(given.get("VantiqRoutes", "")))
    except ExceptionGroup as group:
        yield from (_of_parameters(str(error)) for error in group.exceptions)
        return
    for topic in topics:
        try:
            routes.target_for(topic)
        except ValueError as error:
            yield f"ForwardTopics, VantiqTarget and VantiqRoutes: {_of_parameters(str(error))}"


def _of_parameters(problem: str) -> str:
    """A sentence about variables as one about the parameters that they come from."""
    names = {"VANTIQ_TARGET": "VantiqTarget", "VANTIQ_ROUTES": "VantiqRoutes", "ADVANCED_SETTINGS": "AdvancedSettings"}
    for variable, parameter in names.items():
        problem = problem.replace(variable, parameter)
    return problem


def _advanced(given: Mapping[str, Any]) -> Iterator[str]:
    for problem in advanced_settings_problems(str(given.get("AdvancedSettings", ""))):
        of_parameter = _of_parameters(problem)
        if of_parameter.startswith("AdvancedSettings"):
            yield of_parameter
        else:
            yield f"AdvancedSettings: {problem}"
