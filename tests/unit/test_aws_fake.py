"""The fake of AWS: a test that asks what AWS does not have must fail."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, OperationNotPageableError

from tests.fakes.aws_fake import REGION, FakeAws, refused


def kafka(**answers: Any) -> Any:
    return FakeAws(**answers)("kafka")


def test_a_call_is_answered_by_its_name_and_noted() -> None:
    aws = FakeAws(get_bootstrap_brokers=lambda ClusterArn: {"BootstrapBrokerString": ClusterArn})  # noqa: N803
    assert aws("kafka").get_bootstrap_brokers(ClusterArn="arn")["BootstrapBrokerString"] == "arn"
    assert aws.asked == ["get_bootstrap_brokers"]
    assert aws("kafka").meta.region_name == REGION


def test_what_has_no_answer_is_not_found_and_a_refusal_is_raised() -> None:
    with pytest.raises(ClientError, match="NotFoundException"):
        kafka().describe_cluster_v2(ClusterArn="arn")
    with pytest.raises(ClientError, match="AccessDenied"):
        kafka(describe_cluster_v2=refused("AccessDenied")).describe_cluster_v2(ClusterArn="arn")


def test_pages_are_asked_for_one_after_the_other() -> None:
    pages = {None: {"SecretArnList": ["a"], "NextToken": "2"}, "2": {"SecretArnList": ["b"]}}
    client = kafka(list_scram_secrets=lambda ClusterArn, NextToken=None: pages[NextToken])  # noqa: N803
    found = client.get_paginator("list_scram_secrets").paginate(ClusterArn="arn")
    assert [one for page in found for one in page["SecretArnList"]] == ["a", "b"]


@pytest.mark.parametrize("make", [kafka, FakeAws])
def test_a_call_that_aws_does_not_have_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(AttributeError, match="describe_cluster_v3"):
        make(describe_cluster_v3={}).describe_cluster_v3(ClusterArn="arn")


def test_a_call_of_another_service_is_refused() -> None:
    with pytest.raises(AttributeError, match="get_secret_value"):
        kafka(get_secret_value={}).get_secret_value(SecretId="s")


@pytest.mark.parametrize("arguments", [{"ClusterArn": "arn", "Verbose": True}, {"ClusterArn": 1}, {}])
def test_arguments_that_aws_does_not_take_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="DescribeClusterV2"):
        kafka(describe_cluster_v2={}).describe_cluster_v2(**arguments)


def test_pages_of_a_call_without_pages_are_refused() -> None:
    with pytest.raises(OperationNotPageableError):
        kafka().get_paginator("describe_cluster_v2")


def test_it_is_a_client_of_the_service_that_has_the_call() -> None:
    aws = FakeAws(get_secret_value={"SecretString": "s"}, list_scram_secrets={"SecretArnList": []})
    assert aws.get_secret_value(SecretId="id")["SecretString"] == "s"
    assert list(aws.get_paginator("list_scram_secrets").paginate(ClusterArn="arn"))
