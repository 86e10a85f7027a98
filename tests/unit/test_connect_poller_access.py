"""What the pollers need on topics and groups, from the cluster, its secret and the stack's prefix."""

import shlex
from functools import partial

import pytest
from msk_toolkit.connect.poller_access import PollerAccess, poller_access
from msk_toolkit.msk.listeners import Protocol
from msk_toolkit.settings.connect import ConnectSettings

from tests.template.stack import CLUSTER, Stack
from tests.unit.test_connect_run import ask, aws

GROUPS = {"orders": "shop-orders", "plants": "shop-plants"}


def needed(protocol: Protocol, username: str = "test") -> PollerAccess:
    return poller_access(protocol, GROUPS, cluster_arn=CLUSTER, brokers="b-1:9096", username=username)


@pytest.mark.parametrize(
    ("protocol", "principal"), [("scram", "User:test"), ("tls", "User:ANONYMOUS"), ("plaintext", "User:ANONYMOUS")]
)
def test_without_iam_it_is_read_and_describe_on_these_topics_and_groups_and_nothing_else(
    protocol: Protocol, principal: str
) -> None:
    access = needed(protocol)
    (command,) = access.acls
    words = shlex.split(command)
    assert words[words.index("--add") + 1 :] == [
        *("--allow-principal", principal, "--operation", "Read", "--operation", "Describe"),
        *("--topic", "orders", "--topic", "plants", "--group", "shop-orders", "--group", "shop-plants"),
    ]
    assert (access.principal, access.statements) == (principal, [])
    # An ACL on the cluster is only for those who know what it does to the brokers.
    assert "--cluster" not in words
    assert any("stop replication" in note for note in access.notes)


def test_a_users_name_can_not_end_the_command() -> None:
    (command,) = needed("scram", "a; rm -rf ~").acls
    assert "User:a; rm -rf ~" in shlex.split(command)


def test_with_iam_it_is_what_the_template_gives_the_forwarders_role_and_as_narrow_as_can_be() -> None:
    statements = needed("iam").statements
    assert needed("iam").acls == []
    arn = "arn:aws:kafka:eu-central-1:123456789012:{}/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5{}"
    assert [statement["Resource"] for statement in statements] == [
        [CLUSTER],
        [arn.format("topic", "/orders"), arn.format("topic", "/plants")],
        [arn.format("group", "/shop-orders"), arn.format("group", "/shop-plants")],
    ]
    forwarder = Stack(AuthMode="iam", ScramSecretArn="", ScramSecretKmsKeyArn="").actions("ForwarderFunction")
    assert {action for statement in statements for action in statement["Action"]} == {
        action for action in forwarder if action.startswith("kafka-cluster:")
    }


def test_connect_answers_for_the_stacks_own_mappings_with_the_secrets_user_and_the_heartbeats() -> None:
    ask_stack = partial(ask, FORWARD_TOPICS="orders", FORWARD_GROUP_PREFIX="team-", HEARTBEAT_TOPIC="beat")
    access = ask_stack(aws()).pollers
    assert access is not None
    assert (access.principal, access.groups) == ("User:test", {"orders": "team-orders", "beat": "team-beat"})
    assert "p4ssword" not in str(access)
    assert ":9096" in access.acls[0]
    other = {"cluster": "arn:aws:kafka:ap-southeast-1:508174134249:cluster/other/1"}
    assert ask_stack(aws(), other).pollers is None


def test_the_groups_are_those_of_the_mappings() -> None:
    stack = Stack(ConsumerGroupPrefix="team-", HeartbeatTarget="topic:/beat")
    variables = stack.variables("ConnectFunction")
    settings = ConnectSettings(
        cluster_arn=CLUSTER,
        auth_mode="iam",
        forward_topics=variables["FORWARD_TOPICS"],
        forward_group_prefix=variables["FORWARD_GROUP_PREFIX"],
        heartbeat_topic=variables["HEARTBEAT_TOPIC"],
    )
    groups = [each["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] for each in stack.mappings()]
    assert list(settings.groups().values()) == groups


def test_the_topic_for_what_the_pollers_give_up_is_written_by_them_and_read_by_the_redrive() -> None:
    more = {"cluster_arn": CLUSTER, "brokers": "b-1:9096", "username": "test", "given_up_topic": "given-up"}
    _, command = poller_access("scram", GROUPS, **more).acls
    words = shlex.split(command)
    assert words[words.index("--add") + 1 :] == [
        *("--allow-principal", "User:test"),
        *("--operation", "Write", "--operation", "Describe", "--operation", "Read", "--topic", "given-up"),
    ]
    *_, statement = poller_access("iam", GROUPS, **more).statements
    deployed = Stack(
        AuthMode="iam", ScramSecretArn="", ScramSecretKmsKeyArn="", PollerMode="provisioned", GivenUpTopic="given-up"
    )
    granted = deployed.statements("ForwarderFunction")["LetThePollersWriteWhatTheyGiveUp"]
    assert (statement["Action"], statement["Resource"]) == (granted["Action"], [granted["Resource"]])
    assert deployed.variables("ConnectFunction")["GIVEN_UP_TOPIC"] == "given-up"
