"""Lambda's event source mappings, as far as the function behind them must know them."""

from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.ask import ask
from msk_toolkit.aws.clients import aws_error


class MappingState(msgspec.Struct, frozen=True):
    """What Lambda says of a mapping: ``state`` such as ``Enabled``, ``result`` such as ``No records processed``."""

    id: str
    topics: list[str]
    state: str
    reason: str
    result: str
    provisioned: bool


def mapping_states(lambda_client: Any, function: str, source_arn: str) -> list[MappingState]:
    """The mappings of a source to a function.

    Raises:
        ToolkitError: denied (it needs ``lambda:ListEventSourceMappings``), or no answer.
    """
    pages = lambda_client.get_paginator("list_event_source_mappings")
    found = ask(
        "lambda:ListEventSourceMappings",
        lambda: [
            each
            for page in pages.paginate(FunctionName=function, EventSourceArn=source_arn)
            for each in page.get("EventSourceMappings", ())
        ],
    )
    return [
        MappingState(
            each["UUID"],
            list(each.get("Topics", ())),
            each.get("State", "unknown"),
            each.get("StateTransitionReason", ""),
            each.get("LastProcessingResult", ""),
            bool(each.get("ProvisionedPollerConfig")),
        )
        for each in found
    ]


def takes_partial_answers(lambda_client: Any, function: str, source_arn: str) -> bool:
    """Whether every mapping of the source to the function is provisioned and reports batch item failures; also when
    there is none.

    Raises:
        AwsError: denied (it needs ``lambda:ListEventSourceMappings``), or no answer.
    """
    action = f"asking for the event source mappings of {function}"
    try:
        answer = lambda_client.list_event_source_mappings(FunctionName=function, EventSourceArn=source_arn)
    except (ClientError, BotoCoreError) as error:
        raise aws_error(action, error) from error
    return all(
        mapping.get("ProvisionedPollerConfig") and "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ())
        for mapping in answer["EventSourceMappings"]
    )
