"""moto, an emulator of AWS that nobody here wrote, as far as diagnose and connect ask AWS.

moto 5.2.5 has EC2's, Secrets Manager's, Lambda's and MSK's clusters. It does not have MSK's GetBootstrapBrokers,
ListScramSecrets and ListNodes nor IAM's simulation: those answers are a test's own. Its Lambda does not accept
mappings of a Kafka cluster, and its CloudFormation can't take this stack (no AWS::Scheduler::Schedule, no Kafka
mapping, no version of the custom resource's function), so a network is made here call by call, as README asks for it.
"""

import io
import threading
import zipfile
from typing import Any

import boto3
import msgspec
from botocore import xform_name
from botocore.model import OperationModel

REGION = "eu-central-1"
ANYWHERE = "0.0.0.0/0"
BROKERS = {"BootstrapBrokerStringSaslScram": "b-1.demo.invalid:9096,b-2.demo.invalid:9096"}

_LACKING = ("get_bootstrap_brokers", "list_scram_secrets", "list_nodes", "simulate_principal_policy")

type Json = dict[str, Any]


class Aws:
    """Makes clients of moto; a test gives the answers of the calls that moto lacks, by their names."""

    def __init__(self) -> None:
        self.answers: dict[str, Json] = {}
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.answer()

    def answer(self, **answers: Json) -> None:
        """From now on the calls that moto lacks answer this, and nothing where it is not given."""
        self.answers = {**{name: {} for name in _LACKING}, **answers}

    def __call__(self, service: str) -> Any:
        # A client takes longer to make than all of its calls here; and boto3 makes only one at a time safely.
        with self._lock:
            if service not in self._clients:
                client: Any = boto3.client(  # type: ignore[call-overload]  # the name is a variable
                    service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
                )
                client.meta.events.register("before-call", self._respond)
                self._clients[service] = client
            return self._clients[service]

    def _respond(self, model: OperationModel, **_: Any) -> tuple[Any, Json] | None:
        answer = self.answers.get(xform_name(model.name))
        return None if answer is None else (_Ok, {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}})


class _Ok:
    status_code = 200


class Network(msgspec.Struct, frozen=True):
    """Ids of a VPC with a subnet and a security group each for the functions and for the cluster."""

    vpc: str
    function_subnet: str
    function_group: str
    cluster_subnet: str
    cluster_group: str
    route_table: str


def make_network(aws: Aws) -> Network:
    """A VPC without a route out, whose groups allow the functions the brokers' SCRAM port and nothing else."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)]
    groups = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("functions", "cluster")
    ]
    for group in groups:
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}]
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    network = Network(vpc, subnets[0], groups[0], subnets[1], groups[1], table["RouteTableId"])
    let_out(aws, network.function_group, network.cluster_group, 9096)
    let_in(aws, network.cluster_group, network.function_group, 9096)
    let_out(aws, network.function_group, ANYWHERE, 443)
    return network


def let_in(aws: Aws, group: str, source: str, port: int) -> None:
    """A rule inbound, from a group or from a block."""
    aws("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[_permission(source, port)])


def let_out(aws: Aws, group: str, target: str, port: int) -> None:
    """A rule outbound, to a group or to a block."""
    aws("ec2").authorize_security_group_egress(GroupId=group, IpPermissions=[_permission(target, port)])


def make_endpoints(aws: Aws, network: Network, *services: str) -> None:
    """Endpoints in the cluster's subnet, with a group that lets the VPC in; S3's is a gateway."""
    ec2 = aws("ec2")
    group = ec2.create_security_group(GroupName="-".join(services), Description="endpoints", VpcId=network.vpc)[
        "GroupId"
    ]
    let_in(aws, group, "10.0.0.0/16", 443)
    for service in services:
        name = f"com.amazonaws.{REGION}.{service}"
        if service == "s3":
            gateway = {"VpcEndpointType": "Gateway", "RouteTableIds": [network.route_table]}
            ec2.create_vpc_endpoint(VpcId=network.vpc, ServiceName=name, **gateway)
            continue
        ec2.create_vpc_endpoint(
            VpcId=network.vpc,
            ServiceName=name,
            VpcEndpointType="Interface",
            SubnetIds=[network.cluster_subnet],
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
        )


def make_cluster(aws: Aws, network: Network, **authentication: Any) -> str:
    """A cluster in the network; its ARN."""
    nodes = {
        "ClientSubnets": [network.cluster_subnet],
        "SecurityGroups": [network.cluster_group],
        "InstanceType": "kafka.m7g.large",
    }
    provisioned = {
        "BrokerNodeGroupInfo": nodes,
        "KafkaVersion": "3.9.x",
        "NumberOfBrokerNodes": 2,
        "ClientAuthentication": authentication,
    }
    return str(aws("kafka").create_cluster_v2(ClusterName="demo", Provisioned=provisioned)["ClusterArn"])


def make_secret(aws: Aws, name: str = "AmazonMSK_demo", **more: str) -> str:
    """A secret with credentials; its ARN."""
    text = '{"username": "demo", "password": "hush"}'
    return str(aws("secretsmanager").create_secret(Name=name, SecretString=text, **more)["ARN"])


def make_function(aws: Aws, name: str) -> str:
    """A function; the ARN of its role."""
    trust = msgspec.json.encode({"Version": "2012-10-17", "Statement": []}).decode()
    role = aws("iam").create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "")
    aws("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="handler.x", Code={"ZipFile": code.getvalue()}
    )
    return str(role)


def _permission(other: str, port: int) -> Json:
    peer = {"UserIdGroupPairs": [{"GroupId": other}]} if other.startswith("sg-") else {"IpRanges": [{"CidrIp": other}]}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
