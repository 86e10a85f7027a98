"""Lambda's event source mappings, as far as the function behind them must know them."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.clients import aws_error


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
