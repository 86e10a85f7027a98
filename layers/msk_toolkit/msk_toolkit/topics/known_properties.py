"""The properties of the custom resource that stands for the declared topics."""

# A change of one of these concerns the topics: others, of another cluster, or as another user.
CONCERN_TOPICS = (
    "CodeVersion",
    "Layer",
    "Topics",
    "ClusterArn",
    "BootstrapServers",
    "AuthMode",
    "ScramSecretArn",
    "ClientCertificateSecretArn",
    "Listener",
    "TrustedCa",
    "ClusterKind",
)
# The toolkit's own resource names these to have them checked before anything is changed, and so that a change of them
# makes CloudFormation ask again; the function reads its own settings.
_CHECKED = (
    "ScramUserSecretArns",
    "ClusterName",
    "BootstrapPorts",
    "SubnetIds",
    "ClusterSecurityGroupId",
    "VantiqUrl",
    "VantiqPort",
    "VantiqTokenSecretArn",
    "VantiqNamespace",
    "VantiqTarget",
    "VantiqRoutes",
    "HeartbeatTarget",
    "ForwardTopics",
    "ProbeTopic",
    "PollerMode",
    "MinimumPollers",
    "MaximumPollers",
    "GivenUpTopic",
    "RecordFilter",
    "Tombstones",
    "VantiqTrustedCa",
    "VantiqProxy",
    "VantiqProxySecretArn",
    "NoProxy",
    "LagGroups",
    "SetAside",
    "SchemaRegistry",
    "SchemaRegistryPort",
    "SchemaRegistrySecretArn",
    "SchemaRegistryCaSecretArn",
    "AdvancedSettings",
    "ConsumerGroupPrefix",
    "StartingPosition",
    "StartingPositionTimestamp",
)
# Every property of a ``Custom::DeclaredTopics``; another one fails the request.
KNOWN_PROPERTIES = ("ServiceToken", "ServiceTimeout", *CONCERN_TOPICS, *_CHECKED)
