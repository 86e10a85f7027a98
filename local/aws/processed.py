"""The stack as the emulator has processed it: transforms applied, parameters known, resources named."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import msgspec

from local.aws.intrinsics import Resolver

_MAPPING = "AWS::Lambda::EventSourceMapping"
_FUNCTION = "AWS::Lambda::Function"
_LIMIT = "ReservedConcurrentExecutions"
# Attributes that the properties of mappings and alarms may use; an API for them doesn't exist.
_ATTRIBUTES = {
    "AWS::S3::Bucket": {"Arn": "arn:aws:s3:::{id}"},
    "AWS::SNS::Topic": {"TopicName": "{last}"},
    "AWS::SQS::Queue": {"Arn": "arn:aws:sqs:{region}:{account}:{name}"},
    _FUNCTION: {"Arn": "arn:aws:lambda:{region}:{account}:function:{id}"},
}


class EventSource(msgspec.Struct, frozen=True):
    """An event source mapping of the stack; ``mapping_id`` is its UUID, ``properties`` hold no functions any more."""

    logical_id: str
    mapping_id: str
    properties: dict[str, Any]


class Stack(msgspec.Struct, frozen=True):
    """A deployed stack; ``physical_ids`` and ``types`` by logical id, ``parameters`` and ``outputs`` by name."""

    name: str
    stack_id: str
    template: dict[str, Any]
    parameters: dict[str, str]
    outputs: dict[str, str]
    physical_ids: dict[str, str]
    types: dict[str, str]

    def event_sources(self, resolver: Resolver | None = None) -> list[EventSource]:
        """The event source mappings whose condition holds.

        Args:
            resolver: in place of the stack's own.

        Raises:
            UnresolvedError: a property can't be resolved.
        """
        resolver, sources = resolver or self.resolver(), []
        for name in self._named(_MAPPING):
            properties = resolver.properties(name)
            if properties is not None:
                sources.append(EventSource(name, self.physical_ids[name], properties))
        return sources

    def properties(self, logical_id: str) -> dict[str, Any] | None:
        """A resource's properties, None where its condition is false.

        Raises:
            UnresolvedError: a property can't be resolved.
        """
        return self.resolver().properties(logical_id)

    def concurrency_limits(self) -> dict[str, int]:
        """By the function's name: how many executions of it may run at a time.

        Raises:
            UnresolvedError: a limit can't be resolved.
        """
        resolver, limits = self.resolver(), {}
        for name in self._named(_FUNCTION):
            properties = self.template["Resources"][name].get("Properties", {})
            limit = resolver.value({key: value for key, value in properties.items() if key == _LIMIT})
            if limit:
                limits[self.physical_ids[name]] = int(limit[_LIMIT])
        return limits

    def _named(self, resource_type: str) -> list[str]:
        return [name for name, kind in self.types.items() if kind == resource_type]

    def resolver(
        self, resources: Mapping[str, Any] | None = None, references: Mapping[str, str] | None = None
    ) -> Resolver:
        """Resolves values as they are in this stack.

        Args:
            resources: to be resolved in place of the stack's own, such as those that are not deployed.
            references: what ``Ref`` gives for these.
        """
        template = self.template
        if resources is not None:
            template = {**template, "Resources": resources}
        return Resolver(
            template,
            parameters=self.parameters,
            references={**self.physical_ids, **self._pseudo_parameters(), **(references or {})},
            attributes=dict(self._attributes()),
        )

    def _pseudo_parameters(self) -> Mapping[str, str]:
        _, partition, _, region, account, *_ = self.stack_id.split(":")
        return {
            "AWS::StackName": self.name,
            "AWS::StackId": self.stack_id,
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::AccountId": account,
        }

    def _attributes(self) -> Iterator[tuple[tuple[str, str], str]]:
        pseudo = self._pseudo_parameters()
        for name, kind in self.types.items():
            physical_id = self.physical_ids[name]
            for attribute, form in _ATTRIBUTES.get(kind, {}).items():
                yield (
                    (name, attribute),
                    form.format(
                        id=physical_id,
                        name=physical_id.rsplit("/", 1)[-1],
                        last=physical_id.rsplit(":", 1)[-1],
                        region=pseudo["AWS::Region"],
                        account=pseudo["AWS::AccountId"],
                    ),
                )


def read_stack(session: boto3.Session, endpoint: str, name: str) -> Stack:
    """Read a deployed stack.

    Raises:
        ClientError, BotoCoreError: CloudFormation does not answer.
    """
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = list(itertools.chain.from_iterable(page["StackResourceSummaries"] for page in pages))
    template = cloudformation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
    if isinstance(template, str):
        template = msgspec.yaml.decode(template)
    return Stack(
        name=name,
        stack_id=described["StackId"],
        template=template,
        parameters={item["ParameterKey"]: item["ParameterValue"] for item in described.get("Parameters", [])},
        outputs={item["OutputKey"]: item["OutputValue"] for item in described.get("Outputs", [])},
        physical_ids={item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources},
        types={item["LogicalResourceId"]: item["ResourceType"] for item in resources},
    )
