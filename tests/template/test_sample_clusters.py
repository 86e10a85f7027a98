"""The sample clusters: what they open, and that their outputs are the toolkit's parameters."""

from pathlib import Path
from typing import Any

from tests.template.stack import raw_template, read_template

SAMPLE: dict[str, Any] = read_template(Path(__file__).parents[2] / "samples/clusters/template.yaml")
RESOURCES = SAMPLE["Resources"]


def test_the_outputs_are_named_like_the_toolkits_parameters() -> None:
    outputs = {name.removeprefix("Sasl").removeprefix("NoAuth") for name in SAMPLE["Outputs"]}
    # For a machine with console tools, not for the toolkit.
    assert outputs - {"ClientSecurityGroupId"} == outputs & set(raw_template()["Parameters"])


def test_the_brokers_are_reached_from_groups_and_from_no_address() -> None:
    rules = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::EC2::SecurityGroupIngress"]
    assert {rule["FromPort"] for rule in rules} == {2181, 9092, 9094, 9096, 9098}
    assert not [rule for rule in rules if "CidrIp" in rule or "CidrIpv6" in rule]
    assert "SecurityGroupIngress" not in RESOURCES["ClusterGroup"]["Properties"]
    assert RESOURCES["ZooKeeperFromClients"]["Condition"] == "HasZooKeeper"


def test_the_password_is_generated_and_the_secret_is_one_that_msk_takes() -> None:
    secret = RESOURCES["ScramSecret"]["Properties"]
    assert secret["Name"] == {"Fn::Sub": "AmazonMSK_${AWS::StackName}"}
    assert secret["GenerateSecretString"]["GenerateStringKey"] == "password"
    assert secret["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert RESOURCES["SaslLogin"]["Properties"]["SecretArnList"] == [{"Ref": "ScramSecret"}]


def test_the_defaults_are_what_msk_still_takes() -> None:
    parameters = SAMPLE["Parameters"]
    assert parameters["InstanceType"]["Default"] == "kafka.t3.small"
    # The small ones were refused with KRaft.
    assert not parameters["KafkaVersion"]["Default"].endswith(".kraft")
    assert parameters["KafkaVersion"]["Default"] in parameters["KafkaVersion"]["AllowedValues"]


def test_a_vpc_of_ones_own_is_not_made_to_have_the_addresses_of_the_one_that_is_made() -> None:
    assert SAMPLE["Parameters"]["VpcCidr"]["Default"] == ""
    assertions = SAMPLE["Rules"]["YourVpcNeedsYourSubnets"]["Assertions"]
    assert {"Fn::Not": [{"Fn::Equals": [{"Ref": "VpcCidr"}, ""]}]} in [one["Assert"] for one in assertions]
