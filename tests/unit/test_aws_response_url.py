"""Where the answer to CloudFormation may go: its bucket of this Region over https, or the emulator; nowhere else."""

import json
from pathlib import Path
from typing import Any

import botocore
import pytest
from msk_toolkit.aws.custom_resource import CustomResourceAnswer, check_answerable, send_answer
from msk_toolkit.aws.response_url import is_cloudformations
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError

AWS = {"AWS_REGION": "us-west-2"}
BUCKET = "cloudformation-custom-resource-response-uswest2"


def partitions() -> list[dict[str, Any]]:
    data = Path(botocore.__file__).with_name("data") / "endpoints.json"
    known: list[dict[str, Any]] = json.loads(data.read_text(encoding="utf-8"))["partitions"]
    return known


@pytest.mark.parametrize("partition", partitions(), ids=lambda partition: partition["partition"])
def test_every_region_that_boto3_knows_is_answered_in_every_form_of_its_bucket(partition: dict[str, Any]) -> None:
    suffix = partition["dnsSuffix"]
    assert partition["regions"]
    for region in partition["regions"]:
        environ = {"AWS_REGION": region}
        bucket = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
        for endpoint in (f"s3.{region}", f"s3-{region}", f"s3.dualstack.{region}", "s3"):
            assert is_cloudformations(f"https://{bucket}.{endpoint}.{suffix}/arn%3Aaws?Signature=x", environ)
            assert is_cloudformations(f"https://{endpoint}.{suffix}:443/{bucket}/arn%3Aaws?Signature=x", environ)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        # As public logs have them.
        (f"https://{BUCKET}.s3-us-west-2.amazonaws.com/arn%3Aaws", "us-west-2"),
        ("https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn%3Aaws", "us-east-1"),
        (
            "https://cloudformation-custom-resource-response-cacentral1.s3.ca-central-1.amazonaws.com/arn?X-Amz-Date=1",
            "ca-central-1",
        ),
        (
            "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/arn%3Aaws-cn",
            "cn-north-1",
        ),
    ],
)
def test_the_addresses_of_public_logs_are_answered(url: str, region: str) -> None:
    assert is_cloudformations(url, {"AWS_REGION": region})


@pytest.mark.parametrize(
    "url",
    [
        f"http://{BUCKET}.s3.us-west-2.amazonaws.com/a",
        f"https://{BUCKET}.s3.us-west-2.amazonaws.com:8443/a",
        f"https://user@{BUCKET}.s3.us-west-2.amazonaws.com/a",
        f"https://{BUCKET}.s3.us-west-2.amazonaws.com@127.0.0.1/a",
        f"https://{BUCKET}.s3.us-west-2.amazonaws.com.example.com/a",
        f"https://{BUCKET}-mine.s3.us-west-2.amazonaws.com/a",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/a",
        "https://cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com/a",
        "https://s3.us-west-2.amazonaws.com/mine/a",
        f"https://s3.us-west-2.amazonaws.com/{BUCKET}-mine/a",
        "https://s3.us-west-2.amazonaws.com/",
        "https://127.0.0.1/a",
        "https://169.254.169.254/latest/meta-data",
        "http://localhost:9001/2018-06-01/runtime/invocation/next",
        "http://[hush",
        "https://127.0.0.1:hush/",
        "file:///etc/passwd",
        "",
        None,
        7,
    ],
)
def test_no_other_address_is_answered_and_the_error_does_not_show_it(url: object) -> None:
    assert not is_cloudformations(url, AWS)
    request = {"ResponseURL": url, "StackId": "arn:x", "RequestId": "r", "LogicalResourceId": "L"}
    with pytest.raises(ConfigurationError, match="ResponseURL is not an https address of CloudFormation's") as refused:
        send_answer(request, CustomResourceAnswer("SUCCESS", "", {}), AWS, Deadline(5))
    assert not isinstance(url, str) or not url or url not in str(refused.value)


def test_without_a_region_nothing_is_cloudformations() -> None:
    assert not is_cloudformations(f"https://{BUCKET}.s3.us-west-2.amazonaws.com/a", {})


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_endpoint_that_the_environment_names_is_answered_under_that_scheme_host_and_port_alone(
    variable: str,
) -> None:
    environ = {**AWS, variable: "http://127.0.0.1:4566"}
    assert is_cloudformations("http://127.0.0.1:4566/_ministack/cfn-response/token", environ)
    for other in ("http://127.0.0.1:4567/a", "https://127.0.0.1:4566/a", "http://127.0.0.2:4566/a"):
        assert not is_cloudformations(other, environ)


def test_every_field_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_answerable({"RequestType": "Create", "ResponseURL": "https://127.0.0.1/", "StackId": 7}, AWS)
    assert [problem.split(" is ")[0] for problem in refused.value.problems] == [
        "StackId",
        "RequestId",
        "LogicalResourceId",
        "ResponseURL",
    ]
