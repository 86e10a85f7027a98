"""Reads an account: its clusters, and what surrounds one. Every call only reads, and no secret's value is read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable
from mskv.init.facts import AuthMode, Cluster, Secret, Subnet, Surroundings, Topic

# A list that is longer is no choice for a person.
_MAX_LISTED = 1_000
_EVERY_PORT = (-1, -1)
_ROUTE_TARGETS = ("NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId", "GatewayId")

type Json = Mapping[str, Any]


def read_clusters(client: Client) -> tuple[Cluster, ...] | Unavailable:
    """The Region's clusters."""
    pages = client("kafka").get_paginator("list_clusters_v2")
    answer = ask("kafka:ListClustersV2", lambda: _listed(pages.paginate(), "ClusterInfoList"))
    if isinstance(answer, Unavailable):
        return answer
    return tuple(cluster_of(entry) for entry in answer)


def cluster_of(entry: Json) -> Cluster:
    """A cluster as ListClustersV2 describes it."""
    serverless = entry.get("Serverless")
    if serverless is not None:
        networks = serverless.get("VpcConfigs") or [{}]
        return Cluster(
            name=entry["ClusterName"],
            arn=entry["ClusterArn"],
            kind="serverless",
            state=entry.get("State", ""),
            modes=("iam",),
            subnets=tuple(networks[0].get("SubnetIds", ())),
            groups=tuple(networks[0].get("SecurityGroupIds", ())),
        )
    provisioned = entry.get("Provisioned", {})
    nodes = provisioned.get("BrokerNodeGroupInfo", {})
    return Cluster(
        name=entry["ClusterName"],
        arn=entry["ClusterArn"],
        kind="provisioned",
        state=entry.get("State", ""),
        modes=_modes(provisioned),
        brokers=provisioned.get("NumberOfBrokerNodes", 0),
        subnets=tuple(nodes.get("ClientSubnets", ())),
        groups=tuple(nodes.get("SecurityGroups", ())),
    )


def _modes(provisioned: Json) -> tuple[AuthMode, ...]:
    """In the order in which they are proposed."""
    authentication = provisioned.get("ClientAuthentication", {})
    sasl = authentication.get("Sasl", {})
    # Without the field a cluster has no authentication at all.
    unauthenticated = authentication.get("Unauthenticated", {}).get("Enabled", not authentication)
    encryption = provisioned.get("EncryptionInfo", {}).get("EncryptionInTransit", {}).get("ClientBroker", "TLS")
    offered: dict[AuthMode, bool] = {
        "scram": sasl.get("Scram", {}).get("Enabled", False),
        "iam": sasl.get("Iam", {}).get("Enabled", False),
        "mtls": authentication.get("Tls", {}).get("Enabled", False),
        "tls": unauthenticated and encryption != "PLAINTEXT",
        "none": unauthenticated and encryption != "TLS",
    }
    return tuple(mode for mode, is_offered in offered.items() if is_offered)


class SurroundingsReader:
    """Reads what surrounds a cluster; what is denied or fails is noted, and the rest is read."""

    def __init__(self, client: Client, cluster: Cluster) -> None:
        self._client = client
        self._cluster = cluster
        self._unread: list[str] = []

    def read(self) -> Surroundings:
        """Everything that can be read."""
        vpc = self._vpc()
        inbound, outbound = self._rules()
        return Surroundings(
            vpc=vpc,
            subnets=self._subnets(vpc),
            scram_secrets=self._scram_secrets(),
            token_secrets=self._token_secrets(),
            inbound=inbound,
            outbound=outbound,
            topics=self._topics(),
            endpoints=self._endpoints(vpc),
            unreserved=self._unreserved(),
            unread=tuple(self._unread),
        )

    def _ask[T](self, call: str, question: Callable[[], T]) -> T | None:
        answer = ask(call, question)
        if isinstance(answer, Unavailable):
            self._unread.append(f"{call}: {answer.text}")
            return None
        return answer

    def _pages(self, service: str, call: str, key: str, **arguments: Any) -> list[Json] | None:
        paginator = self._client(service).get_paginator(call)
        name = "".join(part.title() for part in call.split("_"))
        return self._ask(f"{service}:{name}", lambda: _listed(paginator.paginate(**arguments), key))

    def _vpc(self) -> str:
        subnets = self._pages("ec2", "describe_subnets", "Subnets", SubnetIds=list(self._cluster.subnets))
        return str(subnets[0]["VpcId"]) if subnets else ""

    def _subnets(self, vpc: str) -> tuple[Subnet, ...]:
        if not vpc:
            return ()
        within = [{"Name": "vpc-id", "Values": [vpc]}]
        subnets = self._pages("ec2", "describe_subnets", "Subnets", Filters=within) or []
        tables = self._pages("ec2", "describe_route_tables", "RouteTables", Filters=within) or []
        return tuple(
            Subnet(entry["SubnetId"], entry["AvailabilityZone"], _route_out(entry, tables)) for entry in subnets
        )

    def _rules(self) -> tuple[tuple[tuple[int, int], ...] | None, tuple[tuple[int, int], ...] | None]:
        if not self._cluster.groups:
            return None, None
        group = self._cluster.groups[0]
        filters = [{"Name": "group-id", "Values": [group]}]
        rules = self._pages("ec2", "describe_security_group_rules", "SecurityGroupRules", Filters=filters)
        if rules is None:
            return None, None
        inbound = tuple(_ports(rule) for rule in rules if not rule["IsEgress"] and _is_for(rule, group))
        outbound = tuple(_ports(rule) for rule in rules if rule["IsEgress"] and _is_for(rule, group))
        return inbound, outbound

    def _scram_secrets(self) -> tuple[Secret, ...]:
        if "scram" not in self._cluster.modes:
            return ()
        arns = self._pages("kafka", "list_scram_secrets", "SecretArnList", ClusterArn=self._cluster.arn) or []
        secrets = [self._secret(str(arn)) for arn in arns]
        return tuple(secret for secret in secrets if secret is not None)

    def _token_secrets(self) -> tuple[Secret, ...]:
        entries = self._pages("secretsmanager", "list_secrets", "SecretList") or []
        named = [entry["ARN"] for entry in entries if "vantiq" in entry["Name"].lower()]
        secrets = [self._secret(arn) for arn in named if ":secret:AmazonMSK_" not in arn]
        return tuple(secret for secret in secrets if secret is not None)

    def _secret(self, arn: str) -> Secret | None:
        entry = self._ask(
            "secretsmanager:DescribeSecret", lambda: self._client("secretsmanager").describe_secret(SecretId=arn)
        )
        if entry is None:
            return None
        if not entry.get("KmsKeyId"):
            return Secret(entry["Name"], arn)
        key = self._ask("kms:DescribeKey", lambda: self._client("kms").describe_key(KeyId=entry["KmsKeyId"]))
        if key is None:
            return Secret(entry["Name"], arn, entry["KmsKeyId"])
        metadata = key["KeyMetadata"]
        return Secret(entry["Name"], arn, metadata["Arn"], metadata["KeyManager"] == "CUSTOMER")

    def _topics(self) -> tuple[Topic, ...] | None:
        if self._cluster.kind == "serverless":
            return None
        entries = self._pages("kafka", "list_topics", "Topics", ClusterArn=self._cluster.arn)
        if entries is None:
            return None
        # Kafka's own begin with two underscores.
        visible = [entry for entry in entries if not entry["TopicName"].startswith("__")]
        return tuple(Topic(entry["TopicName"], entry["PartitionCount"]) for entry in visible)

    def _endpoints(self, vpc: str) -> frozenset[str] | None:
        if not vpc:
            return None
        within = [{"Name": "vpc-id", "Values": [vpc]}]
        entries = self._pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=within)
        if entries is None:
            return None
        return frozenset(_service(entry) for entry in entries if _is_usable(entry))

    def _unreserved(self) -> int | None:
        limits = self._ask("lambda:GetAccountSettings", lambda: self._client("lambda").get_account_settings())
        return None if limits is None else int(limits["AccountLimit"]["UnreservedConcurrentExecutions"])


def _listed(pages: Iterable[Json], key: str) -> list[Any]:
    entries: list[Any] = []
    for page in pages:
        entries += page.get(key, [])
        if len(entries) >= _MAX_LISTED:
            break
    return entries


def _route_out(subnet: Json, tables: Iterable[Json]) -> str:
    """What a subnet's default route leads to; its own table wins over the VPC's main one."""
    own, main = None, None
    for table in tables:
        for association in table.get("Associations", []):
            if association.get("SubnetId") == subnet["SubnetId"]:
                own = table
            if association.get("Main"):
                main = table
    routes = (own or main or {}).get("Routes", [])
    default = [route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    targets: list[str] = []
    for route in default:
        targets += [str(route[key]) for key in _ROUTE_TARGETS if route.get(key)]
    return next((target for target in targets if not target.startswith("igw-")), "")


def _service(endpoint: Json) -> str:
    """The service's name out of ``com.amazonaws.eu-central-1.sts``."""
    return str(endpoint["ServiceName"]).rpartition(".")[2]


def _is_usable(endpoint: Json) -> bool:
    """Whether a client finds the endpoint by the service's own name."""
    by_name = endpoint.get("VpcEndpointType") == "Gateway" or endpoint.get("PrivateDnsEnabled", False)
    return bool(by_name) and str(endpoint.get("State", "")).lower() == "available"


def _is_for(rule: Json, group: str) -> bool:
    """Whether a rule holds for traffic of the group with itself."""
    itself = rule.get("ReferencedGroupInfo", {}).get("GroupId") == group
    return itself or (rule["IsEgress"] and rule.get("CidrIpv4") == "0.0.0.0/0")


def _ports(rule: Json) -> tuple[int, int]:
    if rule["IpProtocol"] == "-1":
        return _EVERY_PORT
    if rule["IpProtocol"] != "tcp":
        return (0, 0)
    return rule["FromPort"], rule["ToPort"]
