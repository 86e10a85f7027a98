"""The highest version of each of Kafka's requests that the toolkit uses."""

# Versions that brokers from 2.2 to 4.4 share and whose fields keep one shape. Later ones replace topic names by ids
# or turn single questions into lists. Except for the one that has a group's type, none is a "flexible" one, which has
# numbers of variable length.
NEWEST = {
    "MetadataRequest": 8,
    "ProduceRequest": 8,
    "FetchRequest": 11,
    "ListOffsetsRequest": 5,
    "FindCoordinatorRequest": 2,
    "JoinGroupRequest": 5,
    "SyncGroupRequest": 3,
    "LeaveGroupRequest": 2,
    "ListGroupsRequest": 5,
    "OffsetCommitRequest": 7,
    "OffsetFetchRequest": 5,
    # From version 5 on the answer repeats every topic's whole configuration.
    "CreateTopicsRequest": 4,
    "CreatePartitionsRequest": 1,
    "DeleteTopicsRequest": 3,
    "DescribeConfigsRequest": 2,
    "IncrementalAlterConfigsRequest": 0,
    "AlterConfigsRequest": 1,
}
