"""An account with an MSK cluster, as AWS answers for it; boto3's own clients check every call."""

from typing import Any

from mskv.place import Place
from tests.fakes.aws_fake import REGION, FakeAws

type Json = dict[str, Any]

ARN = f"arn:aws:kafka:{REGION}:111122223333:cluster/orders/0b1c2d3e-0000-0000-0000-000000000000-1"
SCRAM = f"arn:aws:secretsmanager:{REGION}:111122223333:secret:AmazonMSK_orders-AbCdEf"
TOKEN = f"arn:aws:secretsmanager:{REGION}:111122223333:secret:vantiq-token-AbCdEf"
KEY = f"arn:aws:kms:{REGION}:111122223333:key/0b1c2d3e-0000-0000-0000-000000000000"
GROUP = "sg-0a0a0a0a0a0a0a0a0"

# Its clients take far longer to make than every call.
_AWS = FakeAws()


def provisioned(**more: Any) -> Json:
    """A provisioned cluster with SCRAM and IAM."""
    nodes = {"ClientSubnets": ["subnet-a", "subnet-b", "subnet-c"], "SecurityGroups": [GROUP], "InstanceType": "m"}
    return {
        "ClusterName": "orders",
        "ClusterArn": ARN,
        "ClusterType": "PROVISIONED",
        "State": "ACTIVE",
        "Provisioned": {
            "BrokerNodeGroupInfo": nodes,
            "NumberOfBrokerNodes": 6,
            "ClientAuthentication": {"Sasl": {"Scram": {"Enabled": True}, "Iam": {"Enabled": True}}},
            "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": "TLS"}},
        }
        | more,
    }


def rule(*, outbound: bool, port: int = 9096, group: str = GROUP) -> Json:
    """A security group rule."""
    return {
        "IsEgress": outbound,
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "ReferencedGroupInfo": {"GroupId": group},
    }


def account(**answers: Any) -> FakeAws:
    """Everything as a deployment needs it; ``answers`` replace single ones."""
    subnets = [
        {"SubnetId": f"subnet-{letter}", "VpcId": "vpc-1", "AvailabilityZone": f"zone-{letter}"} for letter in "abc"
    ]
    table = {
        "RouteTableId": "rtb-1",
        "Associations": [{"Main": True}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}],
    }
    secrets = {SCRAM: ("AmazonMSK_orders", KEY), TOKEN: ("vantiq-token", None)}

    def describe_secret(*, SecretId: str) -> Json:  # noqa: N803 - boto3's name
        name, key = secrets[SecretId]
        return {"ARN": SecretId, "Name": name} | ({"KmsKeyId": key} if key else {})

    topics = ("orders", "payments", "__consumer_offsets")
    everything = {
        "list_clusters_v2": {"ClusterInfoList": [provisioned()]},
        "describe_subnets": {"Subnets": subnets},
        "describe_route_tables": {"RouteTables": [table]},
        "describe_vpc_endpoints": {"VpcEndpoints": []},
        "describe_security_group_rules": {"SecurityGroupRules": [rule(outbound=False), rule(outbound=True)]},
        "list_scram_secrets": {"SecretArnList": [SCRAM]},
        "list_secrets": {"SecretList": [{"ARN": arn, "Name": name} for arn, (name, _) in secrets.items()]},
        "describe_secret": describe_secret,
        "describe_key": {"KeyMetadata": {"KeyId": "0b1c2d3e", "Arn": KEY, "KeyManager": "CUSTOMER"}},
        "list_topics": {"Topics": [{"TopicName": name, "PartitionCount": 6} for name in topics]},
        "get_account_settings": {"AccountLimit": {"UnreservedConcurrentExecutions": 900}},
    }
    _AWS.answers, _AWS.asked = {**everything, **answers}, []
    return _AWS


class Session:
    """A boto3 session over made-up answers."""

    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws

    def client(self, service: str, **_: Any) -> Any:
        """A client, without the configuration that only a network needs."""
        return self._aws(service)


def place_of(aws: FakeAws) -> Place:
    """The place that commands get."""
    session: Any = Session(aws)
    return Place(session, REGION, "msk-vantiq")
