"""Which services are asked without boto3, and where: as boto3 would find them."""

import boto3
import pytest
from msk_toolkit.aws.direct_access import DirectAccess, direct_access

REGION = "eu-central-1"
FUNCTION = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not/a+secret",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_LAMBDA_FUNCTION_NAME": "forwarder",
}


@pytest.mark.parametrize("service_name", ["secretsmanager", "kafka", "lambda"])
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-eusc"])
def test_endpoints_are_boto3s_in_every_region(service_name: str, partition: str) -> None:
    session = boto3.Session()
    for region in session.get_available_regions(service_name, partition, allow_non_regional=False):
        made = session.client(  # type: ignore[call-overload]  # the name is a variable
            service_name, region_name=region, aws_access_key_id="x", aws_secret_access_key="y"
        )
        access = direct_access(service_name, {**FUNCTION, "AWS_DEFAULT_REGION": region})
        if access is None:
            assert partition in {"aws-iso", "aws-eusc"}
        else:
            assert access == DirectAccess(service_name, made.meta.endpoint_url, region)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"}, "http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL": "https://a", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://b"}, "https://b"),
        (
            {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_KAFKA": "https://b"},
            f"https://secretsmanager.{REGION}.amazonaws.com",
        ),
        ({"AWS_ENDPOINT_URL": "hush hush"}, None),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, None),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, None),
        ({"AWS_CA_BUNDLE": "/tmp/ca.pem"}, None),  # noqa: S108 - read by nobody
        ({"HTTPS_PROXY": "http://proxy:3128"}, None),
        ({"https_proxy": "http://proxy:3128"}, None),
        ({"AWS_PROFILE": "prod"}, None),
        ({"AWS_DEFAULT_REGION": ""}, None),
        ({"AWS_SECRET_ACCESS_KEY": ""}, None),
        ({"AWS_LAMBDA_FUNCTION_NAME": ""}, None),
    ],
)
def test_what_only_boto3_understands_is_left_to_it(variables: dict[str, str], url: str | None) -> None:
    access = direct_access("secretsmanager", {**FUNCTION, **variables})
    assert (access and access.url) == url
    assert direct_access("s3", FUNCTION) is None
