"""Every call of AWS: bounded as a whole, all its pages read, its errors in the toolkit's own, by AWS's code."""

import threading
import traceback
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.aws.call import NotFoundAtAwsError, all_items, answer_or_none, ask_aws, call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError

from tests.fakes.aws_fake import FakeAws, refused
from tests.fakes.s3_fake import FakeS3
from tests.fakes.s3_fake import refused as refused_by_s3

ACTION = "kafka:DescribeClusterV2"


def failing(error: Exception) -> Any:
    def call() -> None:
        raise error

    return call


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("NotFoundException", NotFoundAtAwsError, "not found in this account and Region"),
        ("AccessDeniedException", AwsError, "access denied; allow it for the function's role"),
        ("UnauthorizedOperation", AwsError, "access denied; allow it for the function's role"),
        ("TooManyRequestsException", AwsError, "refused with TooManyRequestsException"),
    ],
)
def test_a_refusal_carries_its_code_within_a_deadline_and_without(code: str, kind: type[AwsError], text: str) -> None:
    with pytest.raises(kind) as alone:
        ask_aws(ACTION, failing(refused(code)))
    with pytest.raises(kind) as bounded:
        call_within(Deadline(5), ACTION, failing(refused(code)))
    for caught in (alone, bounded):
        assert (caught.value.code, str(caught.value)) == (code, f"{ACTION}: {text}")


def test_what_is_not_an_error_of_aws_is_passed_on_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        call_within(Deadline(5), ACTION, failing(ZeroDivisionError()))


def test_a_call_without_an_answer_has_no_code() -> None:
    ending = threading.Event()
    with pytest.raises(AwsError, match="no answer from AWS in time") as late:
        call_within(Deadline(0.05), ACTION, lambda: ending.wait(10))
    ending.set()
    with pytest.raises(AwsError, match="VPC endpoint") as lost:
        ask_aws(ACTION, failing(EndpointConnectionError(endpoint_url="https://x")))
    assert (late.value.code, lost.value.code) == ("", "")


def test_a_response_that_boto3_can_not_read_is_not_quoted_in_any_error_or_traceback() -> None:
    quoted = ResponseParserError("Unable to parse response, invalid XML received:\nb'hush'")
    with pytest.raises(AwsError, match="the response is not one of AWS") as caught:
        ask_aws(ACTION, failing(quoted))
    assert "hush" not in "".join(traceback.format_exception(caught.value))


def test_a_message_of_aws_that_repeats_the_request_is_in_no_traceback() -> None:
    message = "The Canonical String should have been 'x-amz-security-token:hush'"
    error = ClientError({"Error": {"Code": "SignatureDoesNotMatch", "Message": message}}, "GetSecretValue")
    with pytest.raises(AwsError, match="refused with SignatureDoesNotMatch") as caught:
        ask_aws(ACTION, failing(error))
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("error", [refused("AccessDeniedException"), EndpointConnectionError(endpoint_url="https://x")])
def test_an_optional_answer_that_is_refused_is_none(error: Exception) -> None:
    assert answer_or_none(Deadline(5), ACTION, failing(error)) is None


def test_every_page_is_read() -> None:
    pages = {None: {"SecretArnList": ["a"], "NextToken": "2"}, "2": {"SecretArnList": ["b"]}}
    aws = FakeAws(list_scram_secrets=lambda ClusterArn, NextToken=None: pages[NextToken])  # noqa: N803 - boto3's names
    arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/1"
    assert all_items(aws("kafka"), "list_scram_secrets", "SecretArnList", ClusterArn=arn) == ["a", "b"]


def denying(call: str, key: str) -> None:
    raise refused_by_s3("AccessDenied", call)


@pytest.mark.parametrize(
    ("use", "permission"),
    [
        (lambda bucket: list(bucket.entries("letters/")), "allow s3:ListBucket on the bucket for"),
        (lambda bucket: bucket.read("a"), "allow s3:GetObject, and kms:Decrypt"),
        (lambda bucket: bucket.write("a", b"{}"), "allow s3:PutObject, and kms:GenerateDataKey"),
        (lambda bucket: bucket.write_new("a", b"{}"), "allow s3:PutObject, and kms:GenerateDataKey"),
        (lambda bucket: bucket.move("a", "b"), "s3:PutObject and s3:DeleteObject"),
    ],
)
def test_a_denied_call_of_s3_names_the_permission_that_it_lacks(use: Any, permission: str) -> None:
    with pytest.raises(AwsError) as caught:
        use(Bucket("letters", FakeS3(denying)))
    assert permission in str(caught.value)
    assert caught.value.code == "AccessDenied"


def test_an_object_that_exists_is_not_written_again_and_any_other_refusal_is_an_error() -> None:
    s3 = FakeS3()
    bucket = Bucket("letters", s3)
    assert [bucket.write_new("a", b"1"), bucket.write_new("a", b"2")] == [True, False]
    assert s3.objects == {"a": b"1"}

    def slow_down(call: str, key: str) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "said by S3"}}, call)

    with pytest.raises(AwsError, match="refused with SlowDown"):
        Bucket("letters", FakeS3(slow_down)).write_new("b", b"")
