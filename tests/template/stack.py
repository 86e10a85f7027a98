"""template.yaml as a stack with given parameters would have it: loops unrolled, functions of the template resolved."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from samcli.lib.cfn_language_extensions import process_template_for_sam_cli
from samcli.yamlhelper import intrinsics_multi_constructor

from local.aws.intrinsics import Resolver

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
ACCOUNT = "arn:aws:{}:eu-central-1:123456789012:{}"
CLUSTER = ACCOUNT.format("kafka", "cluster/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5")
SECRET = ACCOUNT.format("secretsmanager", "secret:AmazonMSK_demo-AbCdEf")
KEY = ACCOUNT.format("kms", "key/1")

# What a user with a SCRAM cluster answers; everything else has a default.
ANSWERS = {
    "ClusterArn": CLUSTER,
    "ScramSecretArn": SECRET,
    "ScramSecretKmsKeyArn": KEY,
    "VpcId": "vpc-1",
    "SubnetIds": "subnet-1,subnet-2",
    "ClusterSecurityGroupId": "sg-cluster",
    "VantiqUrl": "https://dev.vantiq.com",
    "VantiqTokenSecretArn": ACCOUNT.format("secretsmanager", "secret:vantiq-token-AbCdEf"),
    "ForwardTopics": "orders,sensor-readings",
}
# Calls for which IAM knows no narrower resource.
FOR_EVERYTHING = {
    "kafka:ListClustersV2",
    "cloudformation:ListStacks",
    "lambda:ListEventSourceMappings",
    # A record names its schema version by an id alone.
    "glue:GetRegistry",
    "glue:GetSchemaVersion",
    # CloudWatch requires it on all alarms where composite ones are among them.
    "cloudwatch:DescribeAlarms",
    # EC2's descriptions take no resource at all; they change nothing and tell of networks only.
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeRouteTables",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeNatGateways",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeTransitGatewayAttachments",
    "ec2:DescribeVpnGateways",
    "ec2:DescribeVpnConnections",
}
_FUNCTION = "AWS::Serverless::Function"
PSEUDO = {
    "AWS::StackName": "shop",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackId": ACCOUNT.format("cloudformation", "stack/shop/1"),
}


class _TemplateLoader(yaml.SafeLoader):
    """Takes the short forms of CloudFormation's functions; SAM's own loader changes PyYAML's for the whole process."""


_TemplateLoader.add_multi_constructor("!", intrinsics_multi_constructor)


def read_template(path: Path) -> dict[str, Any]:
    """A template as it is written; short forms of intrinsic functions in their long form."""
    parsed: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
    return parsed


@cache
def raw_template() -> dict[str, Any]:
    """The toolkit's own template."""
    return read_template(TEMPLATE)


@cache
def _unrolled(values: str) -> dict[str, Any]:
    """The template with these values (JSON), computed once in a process: whoever changes it makes a copy."""
    template: dict[str, Any] = process_template_for_sam_cli(raw_template(), parameter_values=json.loads(values))
    return template


class Stack:
    """The resources with these parameters; what is not answered keeps its default."""

    def __init__(self, **answers: str) -> None:
        parameters = {**ANSWERS, **answers}
        values = {**PSEUDO, **parameters, "ForwardTopics": parameters["ForwardTopics"].split(",")}
        self.template = _unrolled(json.dumps(values))
        names = list(self.template["Resources"])
        # SAM makes a role beside each function, under this name.
        roles = [f"{name}Role" for name in names if self.template["Resources"][name]["Type"] == _FUNCTION]
        attributes = {(name, "Arn"): f"arn-of-{name}" for name in [*names, *roles]}
        attributes |= {(name, "TopicName"): f"name-of-{name}" for name in names}
        self._resolver = Resolver(
            {**self.template, "Parameters": raw_template()["Parameters"]},
            parameters=parameters,
            references={**PSEUDO, **{name: name for name in [*names, "TopicsFunction.Version"]}},
            attributes=attributes,
        )

    def names(self, kind: str) -> list[str]:
        """Logical ids of the resources of a type that are switched on."""
        found = [name for name, each in self.template["Resources"].items() if each["Type"] == kind]
        return [name for name in found if self._resolver.properties(name) is not None]

    def properties(self, name: str) -> dict[str, Any]:
        """A resource's properties, resolved."""
        found = self._resolver.properties(name)
        assert found is not None, f"{name} is switched off"
        return found

    def mappings(self) -> list[dict[str, Any]]:
        """The event source mappings' properties."""
        return [self.properties(name) for name in self.names("AWS::Lambda::EventSourceMapping")]

    def variables(self, function: str) -> dict[str, str]:
        """A function's environment variables, those for all functions included."""
        shared = self._resolver.value(self.template["Globals"]["Function"])["Environment"]["Variables"]
        return {**shared, **self.properties(function)["Environment"]["Variables"]}

    def statements(self, function: str) -> dict[str, dict[str, Any]]:
        """The IAM statements that allow a function its work, by Sid; managed policies of the template included."""
        return self._statements(function, "Allow")

    def denials(self, function: str) -> dict[str, dict[str, Any]]:
        """The IAM statements that deny a function something, by Sid."""
        return self._statements(function, "Deny")

    def _statements(self, function: str, effect: str) -> dict[str, dict[str, Any]]:
        found: list[dict[str, Any]] = []
        # A name that is no resource of the template is a policy of AWS's.
        for policy in self.properties(function)["Policies"]:
            if isinstance(policy, dict):
                found += policy["Statement"]
            elif policy in self.template["Resources"]:
                found += self.properties(policy)["PolicyDocument"]["Statement"]
        return {statement["Sid"]: statement for statement in found if statement["Effect"] == effect}

    def actions(self, function: str) -> set[str]:
        """Every action that the function's role may do."""
        found: set[str] = set()
        for statement in self.statements(function).values():
            actions = statement["Action"]
            found |= {actions} if isinstance(actions, str) else set(actions)
        return found

    def refusals(self) -> list[str]:
        """What CloudFormation says to these parameters before it touches anything; rules that ask AWS left out."""
        said = []
        for rule in self.template["Rules"].values():
            if "RuleCondition" in rule and self._resolver.value(rule["RuleCondition"]):
                said += [
                    each["AssertDescription"] for each in rule["Assertions"] if not self._resolver.value(each["Assert"])
                ]
        return said


def with_every_function(**answers: str) -> Stack:
    """A stack in which what is off by default is on, as far as it is a function."""
    return Stack(ScramRotationDays="30", **answers)
