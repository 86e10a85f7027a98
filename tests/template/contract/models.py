"""What each service takes: the limits in the API models that botocore carries, also those that they state in words."""

import html
import re
import string
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.loaders

from tests.template.contract.deployed import Resource

# The call that CloudFormation makes of a resource: its input has the limits of the properties.
CALLS: Mapping[str, tuple[str, str]] = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::CompositeAlarm": ("cloudwatch", "PutCompositeAlarm"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "PutDashboard"),
    "AWS::EC2::RouteTable": ("ec2", "CreateRouteTable"),
    "AWS::EC2::SecurityGroup": ("ec2", "CreateSecurityGroup"),
    "AWS::EC2::SecurityGroupEgress": ("ec2", "AuthorizeSecurityGroupEgress"),
    "AWS::EC2::SecurityGroupIngress": ("ec2", "AuthorizeSecurityGroupIngress"),
    "AWS::EC2::Subnet": ("ec2", "CreateSubnet"),
    "AWS::EC2::SubnetRouteTableAssociation": ("ec2", "AssociateRouteTable"),
    "AWS::EC2::VPC": ("ec2", "CreateVpc"),
    "AWS::EC2::VPCEndpoint": ("ec2", "CreateVpcEndpoint"),
    "AWS::IAM::ManagedPolicy": ("iam", "CreatePolicy"),
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::KMS::Key": ("kms", "CreateKey"),
    "AWS::Lambda::Alias": ("lambda", "CreateAlias"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
    "AWS::Lambda::LayerVersion": ("lambda", "PublishLayerVersion"),
    "AWS::Lambda::Permission": ("lambda", "AddPermission"),
    "AWS::Lambda::Version": ("lambda", "PublishVersion"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup"),
    "AWS::MSK::BatchScramSecret": ("kafka", "BatchAssociateScramSecret"),
    "AWS::MSK::Cluster": ("kafka", "CreateCluster"),
    "AWS::S3::Bucket": ("s3", "CreateBucket"),
    "AWS::S3::BucketPolicy": ("s3", "PutBucketPolicy"),
    "AWS::SNS::Subscription": ("sns", "Subscribe"),
    "AWS::SNS::Topic": ("sns", "CreateTopic"),
    "AWS::Scheduler::Schedule": ("scheduler", "CreateSchedule"),
    "AWS::SecretsManager::ResourcePolicy": ("secretsmanager", "PutResourcePolicy"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "CreateSecret"),
}
# CloudFormation turns these into parts of the call that are built otherwise; they are checked by what they are.
_RULES = ("SecurityGroupIngress", "SecurityGroupEgress")
_RULE_TYPES = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
_LENGTHS = re.compile(r"(?:[Uu]p to|limited to|maximum length is) (\d+)(?: characters|,)")
_CHARACTERS = re.compile(r"(?:[Vv]alid|[Aa]llowed) characters(?: are|:) a-z, A-Z, 0-9, spaces, and (\S+)")
_PLAIN = set(string.ascii_letters + string.digits + " ")


@cache
def model(service: str) -> dict[str, Any]:
    """A service's API model."""
    loaded: dict[str, Any] = botocore.loaders.Loader().load_service_model(service, "service-2")
    return loaded


def violations(resource: Resource) -> Iterator[str]:
    """What the service would refuse of a resource: each with the place, the text and the limit."""
    if resource.type.startswith("Custom::"):
        return
    service, operation = CALLS[resource.type]
    properties = {name: value for name, value in resource.properties.items() if name not in _RULES}
    if resource.type in _RULE_TYPES:
        yield from _rule_violations(resource.logical_id, properties)
        properties.pop("Description", None)
    for name in _RULES:
        for rule in resource.properties.get(name, []):
            yield from _rule_violations(f"{resource.logical_id}.{name}", rule)
    shape = model(service)["operations"][operation]["input"]["shape"]
    yield from _checked(service, {"shape": shape}, properties, resource.logical_id)


def _rule_violations(place: str, rule: Mapping[str, Any]) -> Iterator[str]:
    """A rule's description stands beside the addresses or the group that it is for."""
    kind = "IpRange" if "CidrIp" in rule else "UserIdGroupPair"
    member = model("ec2")["shapes"][kind]["members"]["Description"]
    yield from _checked("ec2", member, rule.get("Description", ""), f"{place}.Description")


def _checked(service: str, member: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    shape = model(service)["shapes"][member["shape"]]
    yield from _in_words(member.get("documentation", ""), value, place)
    match shape["type"], value:
        case "structure", dict():
            yield from _structure(service, shape, value, place)
        case "list", list():
            yield from _size(shape, len(value), place, "entries")
            for number, item in enumerate(value):
                yield from _checked(service, shape["member"], item, f"{place}[{number}]")
        case "map", dict():
            for key, item in value.items():
                yield from _checked(service, shape["key"], key, f"{place}.{key}")
                yield from _checked(service, shape["value"], item, f"{place}.{key}")
        case "string", str():
            yield from _size(shape, len(value), place, "characters")
            yield from _form(shape, value, place)
        case (("integer" | "long" | "double"), (int() | float() | str())):
            yield from _size(shape, float(value), place, "")


def _structure(service: str, shape: Mapping[str, Any], value: Mapping[str, Any], place: str) -> Iterator[str]:
    by_name = {}
    for name, member in shape["members"].items():
        for spelling in (name, member.get("locationName", name)):
            by_name[spelling.casefold()] = member
    for name, item in value.items():
        if name.casefold() in by_name:
            yield from _checked(service, by_name[name.casefold()], item, f"{place}.{name}")


def _size(shape: Mapping[str, Any], size: float, place: str, unit: str) -> Iterator[str]:
    least, most = shape.get("min", size), shape.get("max", size)
    if not least <= size <= most:
        yield f"{place}: {size:g} {unit}, not {least} to {most}"


def _form(shape: Mapping[str, Any], text: str, place: str) -> Iterator[str]:
    # Java's `\p{...}` classes are not Python's; the models use them for free text.
    pattern = shape.get("pattern", "")
    if pattern and r"\p{" not in pattern and not re.fullmatch(pattern, text):
        yield f"{place}: {text!r} is not {pattern}"
    if "enum" in shape and text not in shape["enum"]:
        yield f"{place}: {text!r} is none of {shape['enum']}"


def _in_words(documentation: str, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, str):
        return
    words = html.unescape(re.sub(r"<[^>]+>", " ", documentation))
    # "If you specify only the function name": an ARN may be longer.
    for length in _LENGTHS.findall(words):
        if len(value) > int(length) and not value.startswith("arn:"):
            yield f"{place}: {len(value)} characters, not up to {length}"
    for others in _CHARACTERS.findall(words):
        refused = sorted(set(value) - _PLAIN - set(others))
        if refused:
            yield f"{place}: {value!r} has {' '.join(refused)}"
