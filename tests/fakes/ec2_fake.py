"""EC2 as far as it is read: boto3's own client over made-up answers, each held to botocore's model of the API.

The client is real, so arguments, paginators and tokens are the API's. An answer is cut into pages of one item where
the API has pages; one that the model does not know, or of another type, fails the test.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.validate import validate_parameters

Item = dict[str, Any]
# From the arguments to the items; an exception's text is the error code that AWS refuses with.
Answer = list[Item] | Callable[[Item], list[Item]]


class RefusedError(Exception):
    """AWS refuses with this code."""


class FakeEc2:
    """Made-up items by operation, such as ``DescribeSubnets``; what has none answers with none."""

    def __init__(self, **answers: Answer | RefusedError) -> None:
        self.answers: Mapping[str, Answer | RefusedError] = answers
        self.asked: list[tuple[str, Item]] = []
        self.pages = 0
        self._lock = threading.Lock()
        self.client = boto3.client(
            "ec2",
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.client.meta.events.register("provide-client-params.ec2.*", self._note)
        self.client.meta.events.register("before-call.ec2.*", self._respond)

    def operations(self) -> list[str]:
        """The operations that were asked for, each once."""
        return sorted({name for name, _ in self.asked})

    def _note(self, params: Item, model: OperationModel, context: Item, **_: Any) -> None:
        context["asked"] = dict(params)
        with self._lock:
            self.asked.append((model.name, dict(params)))

    def _respond(self, model: OperationModel, params: Item, context: Item, **_: Any) -> tuple[Any, Item]:
        answer = self.answers.get(model.name, [])
        arguments = context["asked"]
        if isinstance(answer, RefusedError):
            return _Http(403), {"Error": {"Code": str(answer), "Message": "words"}, "ResponseMetadata": {}}
        items = answer(arguments) if callable(answer) else _filtered(answer, arguments)
        assert isinstance(model.output_shape, StructureShape)
        body = self._page(model.output_shape, items, arguments)
        validate_parameters(body, model.output_shape)
        _known(model.output_shape, body, model.name)
        return _Http(200), {**body, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _page(self, shape: StructureShape, items: list[Item], arguments: Item) -> Item:
        if "VpcId" in shape.members:  # DescribeVpcAttribute, which has no list
            return items[0] if items else {}
        (key,) = [name for name, member in shape.members.items() if isinstance(member, ListShape)]
        if "NextToken" not in shape.members:
            return {key: items}
        start = int(arguments.get("NextToken", "0"))
        with self._lock:
            self.pages += 1
        more = {"NextToken": str(start + 1)} if start + 1 < len(items) else {}
        return {key: items[start : start + 1], **more}


class _Http:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


# What a filter looks at.
_FIELDS: Mapping[str, Callable[[Item], list[str]]] = {
    "subnet-id": lambda item: [item["SubnetId"]],
    "group-id": lambda item: [item["GroupId"]],
    "vpc-id": lambda item: [item["VpcId"]],
    "resource-id": lambda item: [item["ResourceId"]],
    "transit-gateway-id": lambda item: [item.get("TransitGatewayId", "")],
    "vpn-gateway-id": lambda item: [item.get("VpnGatewayId", "")],
    "attachment.vpc-id": lambda item: [attachment["VpcId"] for attachment in item["VpcAttachments"]],
    "requester-vpc-info.vpc-id": lambda item: [item["RequesterVpcInfo"]["VpcId"]],
    "accepter-vpc-info.vpc-id": lambda item: [item["AccepterVpcInfo"]["VpcId"]],
}


def _filtered(items: list[Item], arguments: Item) -> list[Item]:
    filters = arguments.get("Filters") or arguments.get("Filter") or []
    return [item for item in items if all(_passes(item, condition) for condition in filters)]


def _passes(item: Item, condition: Item) -> bool:
    return bool(set(_FIELDS[condition["Name"]](item)) & set(condition["Values"]))


def _known(shape: Shape, value: Any, where: str) -> None:
    """botocore's validation lets unknown fields pass; a misspelt one would make a test that proves nothing."""
    if isinstance(shape, StructureShape):
        unknown = value.keys() - shape.members.keys()
        assert not unknown, f"{where} has no {unknown}"
        for name, member in value.items():
            _known(shape.members[name], member, f"{where}.{name}")
    elif isinstance(shape, ListShape):
        for element in value:
            _known(shape.member, element, where)
