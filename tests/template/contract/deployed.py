"""Both templates as CloudFormation would have them: loops unrolled, SAM's resources made, every value known."""

import ipaddress
import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from local.aws.intrinsics import Resolver
from tests.template.processed import processed
from tests.template.stack import ANSWERS, TEMPLATE, read_template

SAMPLE = TEMPLATE.parent / "samples/clusters/template.yaml"
# The longest that the functions' names leave (docs/deploying.md), in the Region with the longest name.
LONGEST_STACK_NAME = 49
STACK = "a-stack-name-that-is-just-as-long-as-it-may-be-49"
REGION = "ap-southeast-1"
_PSEUDO = {
    "AWS::StackName": STACK,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:123456789012:stack/{STACK}/6357e0b2-0e6a-4b86-a0b4-70df934c2e31",
}
# What `Ref` gives, by type; a logical id for the others. Their forms are those of the services' own examples.
_REFERENCES = {
    "AWS::EC2::SecurityGroup": "sg-0a1b2c3d",
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::123456789012:policy/{STACK}-{{id}}-ABCDEFGHIJKL",
    "AWS::IAM::Role": f"{STACK[:20]}-{{id}}-ABCDEFGHIJKL",
    "AWS::Lambda::LayerVersion": f"arn:aws:lambda:{REGION}:123456789012:layer:{STACK}-toolkit:1",
    "AWS::Lambda::Version": f"arn:aws:lambda:{REGION}:123456789012:function:{STACK}-topics:1",
    "AWS::Lambda::Alias": f"arn:aws:lambda:{REGION}:123456789012:function:{STACK}-topics:live",
    "AWS::Lambda::Function": f"{STACK}-producer-probe",
    "AWS::Logs::LogGroup": f"/aws/lambda/{STACK}-producer-probe",
    "AWS::MSK::Cluster": f"arn:aws:kafka:{REGION}:123456789012:cluster/{STACK}/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5",
    "AWS::S3::Bucket": f"{STACK[:30]}-deadletterbucket-abcdefghijkl",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:123456789012:{STACK}-{{id}}-ABCDEFGHIJKL",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:AmazonMSK_{STACK}-AbCdEf",
}
_ARNS = {
    "AWS::IAM::Role": f"arn:aws:iam::123456789012:role/{STACK[:20]}-{{id}}-ABCDEFGHIJKL",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:123456789012:key/6357e0b2-0e6a-4b86-a0b4-70df934c2e31",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:123456789012:function:{STACK}-producer-probe",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/lambda/{STACK}-producer-probe:*",
    "AWS::S3::Bucket": f"arn:aws:s3:::{STACK[:30]}-deadletterbucket-abcdefghijkl",
}
_ATTRIBUTES = {"CidrBlock": "10.90.0.0/20", "Version": "1", "TopicName": "shop-states-1ABCDEFGHIJKL"}


class Resource(NamedTuple):
    """A resource that the stack has with these answers; ``properties`` hold no functions any more."""

    logical_id: str
    type: str
    properties: dict[str, Any]


class Deployed(NamedTuple):
    """A stack as it would stand; ``answers`` say which."""

    answers: Mapping[str, str]
    template: Mapping[str, Any]
    resources: tuple[Resource, ...]

    def of(self, kind: str) -> list[Resource]:
        """The resources of a type."""
        return [each for each in self.resources if each.type == kind]


class _Resolver(Resolver):
    """Knows the functions of the sample's network besides."""

    def _function(self, name: str) -> Callable[[Any], Any]:
        if name == "Fn::GetAZs":
            return lambda _: [f"{REGION}{zone}" for zone in "abc"]
        if name == "Fn::Cidr":
            return self._cidr
        return super()._function(name)

    def _cidr(self, arguments: list[Any]) -> list[str]:
        block, count, bits = (self.value(each) for each in arguments)
        subnets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(each) for each in itertools.islice(subnets, int(count))]


_written = cache(read_template)


def deployed(template: Path, answers: Mapping[str, str]) -> Deployed:
    """The resources with these answers, SAM's among them."""
    written = _written(template)
    made = processed(written, answers, pseudo=_PSEUDO) if "Transform" in written else written
    types = {name: each["Type"] for name, each in made["Resources"].items()}
    references = {name: _REFERENCES.get(kind, "{id}").format(id=name) for name, kind in types.items()}
    arns = {(name, "Arn"): _ARNS.get(kind, "arn-of-{id}").format(id=name) for name, kind in types.items()}
    others = {(name, attribute): text for name in types for attribute, text in _ATTRIBUTES.items()}
    resolver = _Resolver(
        made,
        parameters=answers,
        references={**_PSEUDO, **references},
        attributes={**arns, **others},
    )
    resources = []
    for name, kind in types.items():
        properties = resolver.properties(name)
        if properties is not None:
            resources.append(Resource(name, kind, properties))
    return Deployed(answers, made, tuple(resources))


_NO_SECRET = {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
_OWN_PORT = {"VantiqUrl": "https://vantiq.example:8443", "VantiqPort": "8443"}
_CHOICES: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "auth": (
        {"AuthMode": "scram"},
        {"AuthMode": "iam", **_NO_SECRET},
        {"AuthMode": "tls", **_NO_SECRET},
        {"AuthMode": "none", **_NO_SECRET},
    ),
    "pollers": ({"PollerMode": "on-demand"}, {"PollerMode": "provisioned"}),
    "heartbeat": ({}, {"HeartbeatTarget": "topic:/msk/heartbeat"}),
    # Nothing in the template depends on two of these three: each two values meet.
    "others": (
        {"Architecture": "arm64"},
        {"Architecture": "arm64", **_OWN_PORT, "AlarmEmail": "ops@example.com"},
        {"Architecture": "x86_64", "AlarmEmail": "ops@example.com"},
        {"Architecture": "x86_64", **_OWN_PORT},
    ),
}
# Dots, dashes and underscores, which logical ids can't hold.
_NAMES = "orders.v1,sensor-readings,line_3"
LONGEST_TOPIC = "t" * 100


def _toolkit_answers() -> Iterator[dict[str, str]]:
    regional = {name: value.replace("eu-central-1", REGION) for name, value in ANSWERS.items()}
    for choice in itertools.product(*_CHOICES.values()):
        answers = {**regional, "ForwardTopics": _NAMES}
        for part in choice:
            answers |= part
        yield answers
    for count, auth, pollers in itertools.product((1, 20, 100), _CHOICES["auth"], _CHOICES["pollers"]):
        topics = ",".join(f"plant.{number}_readings-of-line" for number in range(count))
        yield {**regional, "ForwardTopics": topics, **auth, **pollers, "HeartbeatTarget": "topic:/msk/heartbeat"}


def _sample_answers() -> Iterator[dict[str, str]]:
    own_vpc = {
        "VpcId": "vpc-0a1b2c3d",
        "SubnetIds": "subnet-0a,subnet-0b,subnet-0c",
        "VpcCidr": "10.90.0.0/20",
        "ClientSecurityGroupId": "sg-0a",
    }
    versions = ("3.9.x", "4.1.x.kraft")
    for network, clusters, version in itertools.product(({}, own_vpc), ("both", "sasl", "noauth"), versions):
        yield {**network, "Clusters": clusters, "KafkaVersion": version}


@cache
def stacks() -> tuple[Deployed, ...]:
    """Both templates over the whole matrix of answers."""
    toolkit = tuple(deployed(TEMPLATE, answers) for answers in _toolkit_answers())
    return toolkit + tuple(deployed(SAMPLE, answers) for answers in _sample_answers())
