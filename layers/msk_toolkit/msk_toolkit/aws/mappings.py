"""Lambda's event source mappings, as far as the function behind them must know them."""

from typing import Any

import msgspec

from msk_toolkit.aws.ask import ask


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
    return [
        MappingState(
            each["UUID"],
            list(each.get("Topics", ())),
            each.get("State", "unknown"),
            each.get("StateTransitionReason", ""),
            each.get("LastProcessingResult", ""),
            bool(each.get("ProvisionedPollerConfig")),
        )
        for each in _mappings(lambda_client, function, source_arn)
    ]


def takes_partial_answers(lambda_client: Any, function: str, source_arn: str) -> bool:
    """Whether every mapping of the source to the function is provisioned and reports batch item failures, and none is
    being changed: its pollers may still be those from before. Not when there is none, since none can be held against.

    Raises:
        ToolkitError: denied (it needs ``lambda:ListEventSourceMappings``), or no answer.
    """
    found = _mappings(lambda_client, function, source_arn)
    return bool(found) and all(
        mapping.get("ProvisionedPollerConfig")
        and "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ())
        and mapping.get("State") != "Updating"
        for mapping in found
    )


def _mappings(lambda_client: Any, function: str, source_arn: str) -> list[dict[str, Any]]:
    # All pages: one mapping that is overlooked can be the one that takes no partial answers.
    pages = lambda_client.get_paginator("list_event_source_mappings")
    return ask(
        "lambda:ListEventSourceMappings",
        lambda: [
            each
            for page in pages.paginate(FunctionName=function, EventSourceArn=source_arn)
            for each in page.get("EventSourceMappings", ())
        ],
    )
