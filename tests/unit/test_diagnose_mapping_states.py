"""What Lambda says of a mapping: each state, reason and result has its own meaning and a remedy that stands alone."""

import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.diagnose.finding import NetworkFinding
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.diagnose.mapping_states import FINE, OF_A_USER, REASONS, RESULTS, STATES, Meaning
from msk_toolkit.vpc.facts import Facts

from tests.fakes.networks import BROKERS_SIDE, group, open_facts, pollers

PAGE = Path(__file__).parents[2] / "docs" / "diagnose.md"
UUID = "6357e0b2-0e6a-4b86-a0b4-70df934c2e31"


def findings_for(
    state: str = "Enabled", reason: str = "USER_INITIATED", result: str = "OK", *, facts: Facts | None = None
) -> list[NetworkFinding]:
    mapping = MappingState(UUID, ["orders"], state, reason, result, False, "shop-orders")
    findings = MappingFacts(states=[mapping], denied=[])
    return mapping_findings(facts or open_facts(), BROKERS_SIDE, pollers(), findings)


@pytest.mark.parametrize("result", sorted(FINE))
@pytest.mark.parametrize("reason", sorted(OF_A_USER))
def test_a_mapping_that_works_says_nothing(reason: str, result: str) -> None:
    assert findings_for(reason=reason, result=result) == []


@pytest.mark.parametrize(("state", "reason"), [("Creating", "USER_INITIATED"), ("Updating", "User action")])
def test_a_mapping_in_transition_is_to_be_waited_for(state: str, reason: str) -> None:
    (finding,) = findings_for(state, reason, "No records processed")
    assert (finding.severity, finding.code) == ("note", "mapping-changing")
    assert finding.remedy.startswith("wait")
    assert "--enabled" not in finding.remedy


def test_a_mapping_that_a_person_switched_off_is_an_error_with_its_topic_and_the_command_to_switch_it_on() -> None:
    (finding,) = findings_for("Disabled", "USER_INITIATED", "No records processed")
    assert (finding.severity, finding.code) == ("error", "mapping-off")
    assert finding.sentence == (
        "the mapping of orders is Disabled (USER_INITIATED): records of orders stay in Kafka and reach nobody: "
        "mskv mapping enable orders"
    )


def test_a_mapping_whose_topics_lambda_leaves_out_is_enabled_by_its_uuid() -> None:
    mapping = MappingState(UUID, [], "Disabled", "USER_INITIATED", "OK", False)
    (finding,) = mapping_findings(open_facts(), BROKERS_SIDE, pollers(), MappingFacts(states=[mapping], denied=[]))
    assert finding.remedy == f"aws lambda update-event-source-mapping --uuid {UUID} --enabled"
    assert "records of its topic stay in Kafka" in finding.text


def test_mappings_of_which_lambda_reports_the_same_are_one_finding() -> None:
    failed = "PROBLEM: Function call failed"
    states = [MappingState(topic, [topic], "Enabled", "", failed, False) for topic in ("orders", "sensors", "users")]
    off = [MappingState(topic, [topic], "Disabled", "USER_INITIATED", "OK", False) for topic in ("a", "b")]
    facts = MappingFacts(states=[*states, *off], denied=[])
    disabled, failing = mapping_findings(open_facts(), BROKERS_SIDE, pollers(), facts)
    assert failing.text.startswith(
        "the mappings of orders, sensors and users report of the last run: PROBLEM: Function"
    )
    assert disabled.text.startswith("the mappings of a and b are Disabled (USER_INITIATED): records of a and b stay in")
    assert disabled.remedy == "mskv mapping enable a (likewise for b)"


@pytest.mark.parametrize("state", ["Disabled", "Enabled", "Disabling"])
@pytest.mark.parametrize("reason", REASONS)
def test_what_lambda_stopped_is_an_error_that_says_why(reason: str, state: str) -> None:
    (finding,) = findings_for(state, reason)
    assert (finding.severity, finding.code) == ("error", "mapping-failing")
    assert f"is {state} with {reason}: {REASONS[reason].meaning}" in finding.text


UNREACHED = "PROBLEM: Connection error. Please check your event source connection configuration."
PROBLEMS = {
    "PROBLEM: Cluster failed to authorize Lambda.": ["topic orders", "group shop-orders", "DescribeConfigs"],
    "PROBLEM: SASL authentication failed.": ["secret", "associated", "rotated"],
    "PROBLEM: Lambda failed to assume your function execution role.": ["trust policy"],
    "PROBLEM: Function call failed": ["/aws/lambda/shop-forwarder"],
    "PROBLEM: The provided Kafka broker endpoints cannot be resolved.": ["enableDnsSupport"],
    UNREACHED: ["OpenPollerRule"],
    "PROBLEM: Connection error. Your event source VPC must be able to connect to Lambda and STS, Secrets Manager (if "
    "event source authentication is required), and the OnFailure Destination (if one is configured).": ["NAT", "s3"],
    "PROBLEM: something that AWS documents tomorrow": ["with-kafka-troubleshoot", UUID],
}


def test_every_state_that_lambdas_api_documents_has_its_meaning() -> None:
    made = boto3.client("lambda", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y")
    mapping: Any = made.meta.service_model.shape_for("EventSourceMappingConfiguration")
    # In a sentence, each as code.
    documented = re.findall(r"<code>(\w+)</code>", mapping.members["State"].documentation)
    assert set(documented) == {"Enabled", *STATES}


@pytest.mark.parametrize("result", PROBLEMS)
def test_each_result_has_a_remedy_of_its_own_where_nothing_else_is_wrong(result: str) -> None:
    (finding,) = findings_for(result=result)
    assert (finding.severity, finding.code) == ("error", "mapping-failing")
    assert result in finding.text
    assert [phrase for phrase in PROBLEMS[result] if phrase not in finding.remedy] == []
    # Nothing is beside it that a reader could be sent to.
    assert "above" not in finding.remedy
    assert "beside" not in finding.remedy


def test_a_result_that_another_finding_explains_sends_the_reader_there_first() -> None:
    shut = open_facts(groups={**(open_facts().groups or {}), "sg-b": group("sg-b")})
    findings = findings_for(
        result="PROBLEM: Connection error. Please check your event source connection configuration.", facts=shut
    )
    (finding,) = [each for each in findings if each.code == "mapping-failing"]
    assert findings.index(finding) == len(findings) - 1
    assert {"egress-closed", "ingress-closed"} < {each.code for each in findings}
    assert finding.remedy.startswith("fix egress-closed and ingress-closed above first; then ")


def test_the_result_of_a_mapping_that_is_off_is_an_old_one() -> None:
    off, old = findings_for("Disabled", "USER_INITIATED", "PROBLEM: Function call failed")
    assert (old.severity, old.code) == ("warning", "mapping-failing")
    assert (off.severity, off.code) == ("error", "mapping-off")


def test_a_reason_that_is_new_on_a_mapping_that_works_is_a_warning() -> None:
    (finding,) = findings_for(reason="SOMETHING_NEW")
    assert (finding.severity, "SOMETHING_NEW" in finding.text) == ("warning", True)


@pytest.mark.parametrize(("code", "meaning"), [*STATES.items(), *REASONS.items(), *RESULTS.items()])
def test_every_row_of_the_table_is_in_the_documentation(code: str, meaning: Meaning) -> None:
    names = {"topic": "TOPIC", "group": "GROUP", "uuid": "UUID", "function": "FORWARDER"}
    remedy = meaning.remedy.format(**names, enable="mskv mapping enable TOPIC")
    text = meaning.meaning.format(topic="TOPIC")
    assert f"| `{code}` | {meaning.severity} | {text} | {remedy} |" in PAGE.read_text(encoding="utf-8")
