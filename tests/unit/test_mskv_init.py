"""``mskv init``: every parameter from what AWS says, nothing written where something is in the way."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from samcli.cli.types import CfnParameterOverridesType

from mskv import exits
from mskv.command_line import commands
from mskv.init.account import cluster_of
from mskv.init.configuration import template_parameters, topics_file
from mskv.init.facts import AuthMode, Cluster, Subnet
from mskv.init.proposals import RESERVED, function_subnets, poller_port
from tests.fakes.aws_fake import FakeAws, refused
from tests.fakes.msk_account import ARN, GROUP, KEY, SCRAM, TOKEN, account, place_of, provisioned, rule
from tests.template.stack import raw_template

ROOT = Path(__file__).parents[2]
FILES = ("template.yaml", "samconfig.toml", "topics.yaml")
ANSWERS = ["--set", "VantiqUrl=https://dev.vantiq.com", "--set", "ForwardTopics=orders,payments"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        (tmp_path / name).write_text((ROOT / name).read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(monkeypatch: pytest.MonkeyPatch, aws: FakeAws, *arguments: str, typed: str = "") -> Result:
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: place_of(aws))
    monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)
    return CliRunner(mix_stderr=False).invoke(commands, ["init", *arguments], input=typed)


def overrides(folder: Path, environment: str = "default") -> dict[str, str]:
    """The parameters as SAM itself reads them."""
    document = tomllib.loads((folder / "samconfig.toml").read_text())
    values = document[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(CfnParameterOverridesType().convert(values, None, None))


def test_a_cluster_and_three_answers_are_a_deployable_configuration(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = init(monkeypatch, account(), typed="https://dev.vantiq.com\norders,payments\n\ny\n")
    assert result.exit_code == exits.OK, result.stderr
    assert overrides(checkout) == {
        "ClusterArn": ARN,
        "AuthMode": "scram",
        "ScramSecretArn": SCRAM,
        "ScramSecretKmsKeyArn": KEY,
        "VpcId": "vpc-1",
        "SubnetIds": "subnet-a,subnet-b,subnet-c",
        "ClusterSecurityGroupId": GROUP,
        "VantiqUrl": "https://dev.vantiq.com",
        "VantiqTokenSecretArn": TOKEN,
        "ForwardTopics": "orders,payments",
    }
    required = {
        name for name, row in template_parameters((ROOT / "template.yaml").read_text()).items() if "Default" not in row
    }
    assert required <= overrides(checkout).keys()
    heartbeat = yaml.safe_load((checkout / "topics.yaml").read_text())["topics"]
    assert [(topic["name"], topic["partitions"]) for topic in heartbeat] == [("msk-toolkit-heartbeat", 6)]
    assert "Written: samconfig.toml, topics.yaml." in result.stdout
    assert "sam deploy" in result.stdout


def test_no_secrets_value_is_read(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = account()
    init(monkeypatch, aws, "--yes", *ANSWERS)
    assert "get_secret_value" not in aws.asked
    assert not [call for call in aws.asked if not call.startswith(("list_", "describe_", "get_account_settings"))]


def test_comments_and_other_environments_of_samconfig_stay(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (checkout / "samconfig.toml").read_text()
    assert init(monkeypatch, account(), "--yes", *ANSWERS).exit_code == exits.OK
    after = (checkout / "samconfig.toml").read_text()
    assert {line for line in before.splitlines() if line} <= set(after.splitlines())
    assert "# the cluster's only secret" in after


def test_a_second_run_keeps_what_was_decided_and_changes_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(monkeypatch, account(), "--yes", *ANSWERS, "--set", "AuthMode=iam", "--set", "BatchSize=100")
    decided = overrides(checkout)
    assert (decided["AuthMode"], decided["BatchSize"], "ScramSecretArn" in decided) == ("iam", "100", False)
    assert init(monkeypatch, account(), "--yes").exit_code == exits.OK
    assert overrides(checkout) == decided


def test_an_environment_of_its_own_leaves_the_default_one_alone(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert init(monkeypatch, account(), "--yes", "--config-env", "prod", *ANSWERS).exit_code == exits.OK
    document = tomllib.loads((checkout / "samconfig.toml").read_text())
    assert "parameter_overrides" not in document["default"]["deploy"]["parameters"]
    assert overrides(checkout, "prod")["ClusterArn"] == ARN
    assert document["prod"]["global"]["parameters"]["stack_name"] == "msk-vantiq-prod"


def test_topics_of_the_users_own_stay(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = "topics:\n  - name: orders\n    partitions: 1\n"
    (checkout / "topics.yaml").write_text(own)
    init(monkeypatch, account(), "--yes", *ANSWERS)
    assert (checkout / "topics.yaml").read_text() == own


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"list_scram_secrets": {"SecretArnList": []}}, "no secret is associated with the cluster"),
        (
            {"describe_key": {"KeyMetadata": {"KeyId": "k", "Arn": KEY, "KeyManager": "AWS"}}},
            "AmazonMSK_orders is encrypted with Secrets Manager's own key",
        ),
        (
            {"get_account_settings": {"AccountLimit": {"UnreservedConcurrentExecutions": 10}}},
            "10 concurrent executions are unreserved, and the stack needs 106",
        ),
        (
            {"list_clusters_v2": {"ClusterInfoList": [provisioned(ClientAuthentication={"Sasl": {}})]}},
            "no authentication that the toolkit supports",
        ),
    ],
)
def test_what_is_in_the_way_is_named_with_its_remedy_and_nothing_is_written(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], sentence: str
) -> None:
    before = {name: (checkout / name).read_text() for name in FILES}
    result = init(monkeypatch, account(**answers), "--yes", *ANSWERS, "-o", "json")
    assert result.exit_code == exits.PROBLEM
    errors = [one for one in json.loads(result.stdout)["findings"] if one["severity"] == "error"]
    assert [one for one in errors if sentence in one["text"] and one["remedy"]]
    assert {name: (checkout / name).read_text() for name in FILES} == before


def test_a_group_that_does_not_open_the_listeners_port_to_itself_is_opened_by_the_stack(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [rule(outbound=False, port=9098), rule(outbound=True), rule(outbound=False, group="sg-other")]
    init(monkeypatch, account(describe_security_group_rules={"SecurityGroupRules": rules}), "--yes", *ANSWERS)
    assert overrides(checkout)["OpenPollerRule"] == "yes"


def test_what_may_not_be_read_is_said_and_the_rest_is_proposed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = refused("AccessDeniedException")
    aws = account(list_topics=denied, describe_security_group_rules=denied, get_account_settings=denied)
    result = init(monkeypatch, aws, "--yes", *ANSWERS, "-o", "json")
    assert result.exit_code == exits.OK
    texts = [one["text"] for one in json.loads(result.stdout)["findings"]]
    for call in ("kafka:ListTopics", "ec2:DescribeSecurityGroupRules", "lambda:GetAccountSettings"):
        assert [text for text in texts if text.startswith(f"not read: {call}: ")]
    assert "OpenPollerRule" not in overrides(checkout)


def test_everything_that_is_open_is_named_at_once_where_nothing_may_be_asked(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = init(monkeypatch, account(list_secrets={"SecretList": []}), "--yes")
    assert result.exit_code == exits.USAGE
    for parameter in ("VantiqUrl", "VantiqTokenSecretArn", "ForwardTopics"):
        assert f"--set {parameter}=..." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "Nonsense=1", "--set", "AlsoNonsense=2"], "no parameter AlsoNonsense, Nonsense"),
        (["--set", "Nonsense"], "--set takes PARAMETER=VALUE"),
        (["--cluster", "payments"], "there is no cluster payments here, but orders"),
    ],
)
def test_a_wrong_option_is_one_clear_error(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    result = init(monkeypatch, account(), *arguments)
    assert (result.exit_code, sentence in result.stderr.replace("\n", " ")) == (exits.USAGE, True)


def test_the_functions_that_reserve_concurrency_are_counted_as_the_template_has_them() -> None:
    resources = raw_template()["Resources"]
    reserved = [
        row["Properties"].get("ReservedConcurrentExecutions")
        for row in resources.values()
        if isinstance(row, dict) and "Properties" in row and "Condition" not in row
    ]
    assert [number for number in reserved if isinstance(number, int)] == [1] * RESERVED


@pytest.mark.parametrize(
    ("unreserved", "more", "status"),
    [(106, "", 0), (105, "", 1), (109, "ForwarderConcurrency=4", 1), (106, "ScramRotationDays=30", 1)],
)
def test_the_forwarders_own_concurrency_counts_too(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, unreserved: int, more: str, status: int
) -> None:
    aws = account(get_account_settings={"AccountLimit": {"UnreservedConcurrentExecutions": unreserved}})
    assert init(monkeypatch, aws, "--yes", *ANSWERS, *(["--set", more] * bool(more))).exit_code == status


@pytest.mark.parametrize(
    ("modes", "mode", "port"),
    [
        (("scram", "iam"), "scram", 9096),
        (("scram", "iam"), "iam", 9098),
        # Without a secret the pollers log in with IAM wherever it is on.
        (("iam", "tls"), "tls", 9098),
        (("tls", "none"), "none", 9094),
        (("iam", "mtls"), "mtls", 9094),
    ],
)
def test_the_pollers_port_is_that_of_their_own_login(modes: tuple[AuthMode, ...], mode: AuthMode, port: int) -> None:
    cluster = Cluster(name="c", arn=ARN, kind="provisioned", state="ACTIVE", modes=modes)
    assert poller_port(cluster, mode) == port


def test_several_clusters_and_secrets_are_chosen_by_number(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = provisioned() | {"ClusterName": "audit", "ClusterArn": ARN.replace("orders", "audit")}
    aws = account(list_clusters_v2={"ClusterInfoList": [other, provisioned()]}, list_secrets={"SecretList": []})
    typed = f"2\nhttps://dev.vantiq.com\n{TOKEN}\norders\nops@example.com\ny\n"
    result = init(monkeypatch, aws, typed=typed)
    assert result.exit_code == exits.OK, result.stderr
    written = overrides(checkout)
    assert (written["ClusterArn"], written["AlarmEmail"]) == (ARN, "ops@example.com")


def test_a_no_writes_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (checkout / "samconfig.toml").read_text()
    assert init(monkeypatch, account(), *ANSWERS, typed="\nn\n").exit_code == 1
    assert (checkout / "samconfig.toml").read_text() == before


def test_without_a_cluster_or_permission_the_remedy_is_named(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: place_of(account(list_clusters_v2={"ClusterInfoList": []})))
    with pytest.raises(Exception, match="has no MSK cluster"):
        CliRunner().invoke(commands, ["init"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("more", "modes"),
    [
        ({}, ("scram", "iam")),
        ({"ClientAuthentication": {"Unauthenticated": {"Enabled": True}}}, ("tls",)),
        ({"ClientAuthentication": {"Tls": {"Enabled": True}}}, ("mtls",)),
        (
            {
                "ClientAuthentication": {"Unauthenticated": {"Enabled": True}, "Sasl": {"Iam": {"Enabled": True}}},
                "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": "TLS_PLAINTEXT"}},
            },
            ("iam", "tls", "none"),
        ),
        (
            {"ClientAuthentication": {}, "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": "PLAINTEXT"}}},
            ("none",),
        ),
    ],
)
def test_a_clusters_modes_are_those_that_it_has_on(more: dict[str, Any], modes: tuple[str, ...]) -> None:
    assert cluster_of(provisioned(**more)).modes == modes


def test_a_serverless_cluster_offers_iam_alone() -> None:
    networks = [{"SubnetIds": ["subnet-a"], "SecurityGroupIds": [GROUP]}]
    entry = {"ClusterName": "s", "ClusterArn": ARN, "State": "ACTIVE", "Serverless": {"VpcConfigs": networks}}
    found = cluster_of(entry)
    assert (found.kind, found.modes, found.subnets, found.groups) == ("serverless", ("iam",), ("subnet-a",), (GROUP,))


def test_functions_run_in_one_subnet_of_each_zone_with_a_nat_the_clusters_own_first() -> None:
    cluster = Cluster(name="c", arn=ARN, kind="provisioned", state="ACTIVE", subnets=("a", "b"))
    own = (Subnet("x", "1", "nat"), Subnet("a", "1", "nat"), Subnet("b", "2", "nat"))
    assert function_subnets(cluster, own)[0] == ("a", "b")
    others = (Subnet("a", "1"), Subnet("b", "2"), Subnet("x", "1", "nat"), Subnet("y", "2", "nat"))
    assert function_subnets(cluster, others)[0] == ("x", "y")
    assert function_subnets(cluster, (Subnet("a", "1"), Subnet("b", "2")))[0] == ("a", "b")


@pytest.mark.parametrize(("brokers", "partitions", "replicas"), [(0, 3, 3), (2, 2, 2), (15, 15, 3)])
def test_the_probes_topic_has_a_partition_for_each_broker(brokers: int, partitions: int, replicas: int) -> None:
    text = topics_file("", brokers)
    assert text is not None
    declared = yaml.safe_load(text)
    assert declared["topics"][0]["partitions"] == partitions
    assert declared["defaults"]["replication_factor"] == replicas
