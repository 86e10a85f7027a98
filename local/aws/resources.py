"""What is not part of the stack and must exist before it is deployed: cluster, key, secrets, network."""

from collections.abc import Mapping

import boto3
import msgspec

from local.aws.emulator import REGION
from local.aws.network import create_way_out
from local.kafka.versions import DEFAULT_VERSION

SCRAM_SECRET_NAME = "AmazonMSK_local"  # noqa: S105
VANTIQ_SECRET_NAME = "vantiq-token"  # noqa: S105


class Resources(msgspec.Struct, frozen=True):
    """Names and ARNs of what ``create`` has made."""

    cluster_arn: str
    kms_key_arn: str
    scram_secret_arn: str
    vantiq_secret_arn: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_id: str
    artifact_bucket: str

    def stack_parameters(self) -> Mapping[str, str]:
        """The template's parameters that name these."""
        return {
            "ClusterArn": self.cluster_arn,
            "ScramSecretArn": self.scram_secret_arn,
            "ScramSecretKmsKeyArn": self.kms_key_arn,
            "VantiqTokenSecretArn": self.vantiq_secret_arn,
            "VpcId": self.vpc_id,
            "SubnetIds": ",".join(self.subnet_ids),
            "ClusterSecurityGroupId": self.security_group_id,
        }


def create(
    session: boto3.Session,
    endpoint: str,
    *,
    scram: Mapping[str, str],
    vantiq_token: str,
    brokers: int = 3,
    kafka_version: str = DEFAULT_VERSION,
) -> Resources:
    """Create them in an emulator that has none of them yet.

    ``scram`` holds username and password.

    Raises:
        ClientError, BotoCoreError: the emulator refuses.
    """
    ec2 = session.client("ec2", endpoint_url=endpoint)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:brokers]
    subnets = tuple(
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    )
    create_way_out(ec2, vpc, subnets)
    group = ec2.create_security_group(GroupName="msk-cluster", Description="The MSK cluster", VpcId=vpc)["GroupId"]
    key = session.client("kms", endpoint_url=endpoint).create_key(Description="SCRAM secrets")["KeyMetadata"]["Arn"]
    secrets = session.client("secretsmanager", endpoint_url=endpoint)
    scram_secret = secrets.create_secret(
        Name=SCRAM_SECRET_NAME, KmsKeyId=key, SecretString=msgspec.json.encode(scram).decode()
    )["ARN"]
    token_secret = secrets.create_secret(
        Name=VANTIQ_SECRET_NAME, SecretString=msgspec.json.encode({"token": vantiq_token}).decode()
    )["ARN"]
    kafka = session.client("kafka", endpoint_url=endpoint)
    cluster = kafka.create_cluster(
        ClusterName="local",
        KafkaVersion=kafka_version,
        NumberOfBrokerNodes=brokers,
        BrokerNodeGroupInfo={"ClientSubnets": subnets, "InstanceType": "kafka.m7g.large", "SecurityGroups": [group]},
        ClientAuthentication={"Sasl": {"Scram": {"Enabled": True}}},
    )["ClusterArn"]
    kafka.batch_associate_scram_secret(ClusterArn=cluster, SecretArnList=[scram_secret])
    bucket = "sam-artifacts"
    session.client("s3", endpoint_url=endpoint).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Resources(cluster, key, scram_secret, token_secret, vpc, subnets, group, bucket)
