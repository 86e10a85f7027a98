"""Contradictions between a stack's parameters that no Rule of a template can express.

Rules compare texts; they know no numbers, parts of texts or patterns of other parameters.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from msk_toolkit.aws.poller_groups import poller_group_problems
from msk_toolkit.settings.catalogue import advanced_settings_problems
from msk_toolkit.settings.proxy import proxy_problems
from msk_toolkit.settings.record_filter import record_filter_problems
from msk_toolkit.settings.schemas import registry_problems
from msk_toolkit.settings.targets import Routes, parse_routes, parse_target, tombstone_problems
from msk_toolkit.settings.vantiq import parse_address
from msk_toolkit.topics.broker_findings import broker_findings
from msk_toolkit.topics.rules import name_problem

_ARNS = (
    "ClusterArn",
    "ScramSecretArn",
    "ClientCertificateSecretArn",
    "VantiqTokenSecretArn",
    "SchemaRegistrySecretArn",
    "SchemaRegistryCaSecretArn",
    "VantiqProxySecretArn",
)
_REGION_OF_AN_ARN = 3
# Lambda accepts 4,096 bytes of variables; the rest is for their names, for names made of the stack's, and for the
# probe's topic.
PARAMETER_BYTES = 3380
# https://docs.aws.amazon.com/lambda/latest/api/API_AmazonManagedKafkaEventSourceConfig.html
LONGEST_GROUP = 200
_OF_A_BROKER_FUNCTION = (
    "ClusterArn",
    "ScramSecretArn",
    "ScramUserSecretArns",
    "ClientCertificateSecretArn",
    "Listener",
    "BootstrapServers",
    "TrustedCa",
)
# The last one with its longest value.
_REGISTRY_VARIABLES = (
    "SCHEMA_REGISTRY",
    "SCHEMA_REGISTRY_SECRET_ARN",
    "SCHEMA_REGISTRY_CA_SECRET_ARN",
    "SCHEMA_PARTS" + "key-and-value",
)
# Only some stacks have these variables, so their names count, too.
_NAMES_OF_SOME = {
    "ClientCertificateSecretArn": "CLIENT_CERTIFICATE_SECRET_ARN",
    "ClusterName": "CLUSTER_NAME",
    "Listener": "LISTENER",
    "SchemaRegistry": "".join(_REGISTRY_VARIABLES),
    "VantiqProxy": "VANTIQ_PROXY",
    "VantiqProxySecretArn": "VANTIQ_PROXY_SECRET_ARN",
    "NoProxy": "VANTIQ_NO_PROXY",
}
_OF_A_VANTIQ_FUNCTION = (
    "VantiqUrl",
    "VantiqTokenSecretArn",
    "VantiqNamespace",
    "VantiqTarget",
    "VantiqRoutes",
    "VantiqTrustedCa",
    "VantiqProxy",
    "VantiqProxySecretArn",
    "NoProxy",
    "HeartbeatTarget",
)
_OF_A_REGISTRY = ("SchemaRegistry", "SchemaRegistrySecretArn", "SchemaRegistryCaSecretArn")
# Function -> the parameters that its variables hold, beside AdvancedSettings, which all have.
ENVIRONMENTS = {
    "consumer probe": (*_OF_A_BROKER_FUNCTION, "ForwardTopics", "LagGroups", "ConsumerGroupPrefix"),
    "connect function": (
        *(*_OF_A_BROKER_FUNCTION, *_OF_A_VANTIQ_FUNCTION, "ForwardTopics"),
        *("ConsumerGroupPrefix", "GivenUpTopic"),
    ),
    "diagnose function": (*_OF_A_BROKER_FUNCTION, "SubnetIds"),
    "forwarder": (*_OF_A_VANTIQ_FUNCTION, *_OF_A_REGISTRY, "SetAside", "ClusterName"),
    "redrive": (
        *_OF_A_BROKER_FUNCTION,
        *_OF_A_VANTIQ_FUNCTION,
        *_OF_A_REGISTRY,
        "ForwardTopics",
        "GivenUpTopic",
        "ClusterName",
    ),
    "status function": ("ClusterArn", "ForwardTopics", "ConsumerGroupPrefix"),
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
        *_users(given, region),
        *broker_findings(given),
        *_vantiq_port(given),
        *_registry(given),
        *proxy_problems(given),
        *_topics(given),
        *_pollers(given),
        *_record_filter(given),
        *_environments(given),
        *_advanced(given),
    ]


def _regions(given: Mapping[str, Any], region: str) -> Iterator[str]:
    for name in _ARNS:
        place = _region_of(str(given.get(name, "")))
        if place and region and place != region:
            yield f"{name} is in {place} and the stack in {region}: deploy the stack there"


def _region_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[_REGION_OF_AN_ARN] if len(parts) > _REGION_OF_AN_ARN else ""


def _users(given: Mapping[str, Any], region: str) -> Iterator[str]:
    if "ScramUserSecretArns" not in given:
        return
    users = str(given["ScramUserSecretArns"]).split(",")
    if len(set(users)) != len(users):
        yield "ScramUserSecretArns names one secret twice: two users need a secret each"
    if given.get("ScramSecretArn") in users:
        yield (
            "ScramSecretArn is one of ScramUserSecretArns: it must be a third secret, with a copy of one of them, "
            "which everybody reads while the other user gets a new password"
        )
    others = {arn for arn in users if region and _region_of(arn) != region}
    if others:
        yield f"ScramUserSecretArns names a secret of another Region than the stack's, {region}: deploy the stack there"


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


def _registry(given: Mapping[str, Any]) -> Iterator[str]:
    names = (*_OF_A_REGISTRY, "SchemaRegistryPort")
    registry, login, ca, port = (str(given.get(name, "")) for name in names)
    yield from registry_problems(
        registry, int(port or 0), {"SchemaRegistrySecretArn": login, "SchemaRegistryCaSecretArn": ca}
    )


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


def _record_filter(given: Mapping[str, Any]) -> Iterator[str]:
    for problem in record_filter_problems(str(given.get("RecordFilter", ""))):
        yield f"RecordFilter {problem}"


def _environments(given: Mapping[str, Any]) -> Iterator[str]:
    for function, names in ENVIRONMENTS.items():
        sizes = variable_sizes(given, (*names, "AdvancedSettings"))
        total = sum(sizes.values())
        if total > PARAMETER_BYTES:
            largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
            shown = ", ".join(f"{name} {sizes[name]}" for name in largest)
            yield (
                f"the {function}'s variables would exceed Lambda's limit of 4 KB: its parameters may have "
                f"{PARAMETER_BYTES} bytes together and have {total} ({shown}); shorten them, or "
                "forward the topics with two stacks"
            )


def variable_sizes(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, int]:
    """The bytes of each of these parameters that was given."""
    sizes = {name: len(_joined(given[name]).encode()) for name in names if name in given}
    for name in _NAMES_OF_SOME.keys() & sizes.keys():
        sizes[name] += len(_NAMES_OF_SOME[name])
    if given.get("Listener") == "private":
        sizes.pop("Listener", None)
    return sizes


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def _topics(given: Mapping[str, Any]) -> Iterator[str]:
    names = list(map(str, given.get("ForwardTopics", [])))
    problems = _name_problems(names)
    yield from (f"ForwardTopics: {problem}" for problem in problems.values())
    yield from _groups(given, names)
    yield from _heartbeats(given, names)
    yield from _routes(given, [name for name in dict.fromkeys(names) if name not in problems])


def _name_problems(names: Iterable[str]) -> dict[str, str]:
    return {name: problem for name in names if (problem := name_problem(name))}


def _groups(given: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    # The stack's name, which stands in front otherwise, is not among the properties.
    prefix = str(given.get("ConsumerGroupPrefix", ""))
    for name in names:
        if prefix and (length := len(prefix) + len(name)) > LONGEST_GROUP:
            yield (
                f"ConsumerGroupPrefix and {name} make a consumer group of {length} characters, and Lambda takes "
                f"{LONGEST_GROUP}: shorten the prefix"
            )


def _heartbeats(given: Mapping[str, Any], forwarded: Collection[str]) -> Iterator[str]:
    if "HeartbeatTarget" not in given:
        return
    if given.get("ProbeTopic") in forwarded:
        yield (
            f"ForwardTopics names {given['ProbeTopic']}, which HeartbeatTarget forwards already: Lambda rejects a "
            "second mapping of the same topic and group; remove it from ForwardTopics"
        )
    try:
        parse_target(str(given["HeartbeatTarget"]))
    except ValueError as error:
        yield f"HeartbeatTarget {error}"


def _routes(given: Mapping[str, Any], topics: Iterable[str]) -> Iterator[str]:
    if "VantiqTarget" not in given:
        return
    try:
        routes = parse_routes(str(given["VantiqTarget"]), str(given.get("VantiqRoutes", "")))
    except ExceptionGroup as group:
        yield from (_of_parameters(str(error)) for error in group.exceptions)
        return
    yield from _topics_without_target(routes, topics)
    if given.get("Tombstones") == "delete":
        yield from map(_of_parameters, tombstone_problems(routes))


def _topics_without_target(routes: Routes, topics: Iterable[str]) -> Iterator[str]:
    for topic in topics:
        try:
            routes.target_for(topic)
        except ValueError as error:
            yield f"ForwardTopics, VantiqTarget and VantiqRoutes: {_of_parameters(str(error))}"


def _of_parameters(problem: str) -> str:
    """A sentence about variables as one about the parameters that they come from."""
    names = {
        "VANTIQ_TARGET": "VantiqTarget",
        "VANTIQ_ROUTES": "VantiqRoutes",
        "ADVANCED_SETTINGS": "AdvancedSettings",
        "TOMBSTONES": "Tombstones",
    }
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
