"""When an alarm changes its state: AWS's own examples of missing data, metric math, and the rules of composites."""

from typing import Any

import pytest

from local.alarms.evaluation import Evaluator
from local.alarms.expressions import ExpressionError, evaluated
from local.alarms.rules import RuleError, holds, names_in
from local.alarms.samples import Sample, Series
from local.alarms.states import State, next_state
from local.cost.emf import Metric

KEPT: State = "INSUFFICIENT_DATA"
FAULTS = Metric("N", "Faults", (("service", "probe"),))


def alarm(periods: int = 1, **properties: Any) -> dict[str, Any]:
    return {
        "Namespace": "N",
        "MetricName": "Faults",
        "Dimensions": [{"Name": "service", "Value": "probe"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": periods,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
        **properties,
    }


def series(text: str) -> Series:
    """``0``, ``X`` and ``-`` as AWS writes it: the newest last."""
    values: dict[str, float | None] = {"0": 0.0, "X": 1.0, "-": None}
    return [values[letter] for letter in reversed(text.split())]


# "Configuring how CloudWatch alarms treat missing data": both tables.
TABLES: list[tuple[int, int, str, dict[str, State]]] = [
    (3, 3, "0 - X - X", {"missing": "OK", "ignore": "OK", "breaching": "OK", "notBreaching": "OK"}),
    (3, 3, "- - - - 0", {"missing": "OK", "ignore": "OK", "breaching": "OK", "notBreaching": "OK"}),
    (3, 3, "- - - - -", {"missing": KEPT, "ignore": KEPT, "breaching": "ALARM", "notBreaching": "OK"}),
    (3, 3, "0 X X - X", {"missing": "ALARM", "ignore": "ALARM", "breaching": "ALARM", "notBreaching": "ALARM"}),
    (3, 3, "- - X - -", {"missing": "ALARM", "ignore": KEPT, "breaching": "ALARM", "notBreaching": "OK"}),
    (3, 2, "0 - X - X", {"missing": "ALARM", "ignore": "ALARM", "breaching": "ALARM", "notBreaching": "ALARM"}),
    (3, 2, "0 0 X 0 X", {"missing": "ALARM", "ignore": "ALARM", "breaching": "ALARM", "notBreaching": "ALARM"}),
    (3, 2, "0 - X - -", {"missing": "OK", "ignore": "OK", "breaching": "ALARM", "notBreaching": "OK"}),
    (3, 2, "- - - - 0", {"missing": "OK", "ignore": "OK", "breaching": "ALARM", "notBreaching": "OK"}),
    (3, 2, "- - - X -", {"missing": "ALARM", "ignore": KEPT, "breaching": "ALARM", "notBreaching": "OK"}),
]


@pytest.mark.parametrize(("periods", "enough", "points", "states"), TABLES)
@pytest.mark.parametrize("treatment", ["missing", "ignore", "breaching", "notBreaching"])
def test_missing_data_is_treated_as_in_awss_tables(
    periods: int, enough: int, points: str, states: dict[str, State], treatment: str
) -> None:
    properties = alarm(periods, DatapointsToAlarm=enough, TreatMissingData=treatment)
    assert next_state(properties, series(points), KEPT) == states[treatment]


@pytest.mark.parametrize(
    ("operator", "breaching"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_every_comparison_is_known(operator: str, breaching: list[bool]) -> None:
    properties = alarm(ComparisonOperator=operator, Threshold="5")
    assert [next_state(properties, [value], "OK") == "ALARM" for value in (4.0, 5.0, 6.0)] == breaching


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("FILL(a, 0)", [1.0, 0.0, 3.0]),
        ("FILL(a, REPEAT)", [1.0, 3.0, 3.0]),
        ("a + b", [3.0, None, 3.0]),
        ("a / b", [0.5, None, None]),
        ("-a", [-1.0, None, -3.0]),
        ("MAX([a, b])", [2.0, 5.0, 3.0]),
        ("SUM(METRICS())", [3.0, 5.0, 3.0]),
        ("MAX(a)", [3.0, 3.0, 3.0]),
        ("IF(a > 2, b, 7)", [7.0, None, 0.0]),
        ("a > 2 && b > 1", [0.0, 1.0, 0.0]),
        ("a > 2 OR b > 1".replace("OR", "||"), [1.0, 1.0, 1.0]),
        ("FILL(none, 0)", [None, None, None]),
    ],
)
def test_metric_math_is_evaluated_period_by_period(expression: str, values: Series) -> None:
    metrics: dict[str, Series] = {"a": [1.0, None, 3.0], "b": [2.0, 5.0, 0.0]}
    if "none" in expression:
        metrics["none"] = [None, None, None]
    assert evaluated(expression, metrics) == values


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a, 2)", "a +", "c", "[a, b]", "a.b"])
def test_what_is_not_supported_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluated(expression, {"a": [1.0], "b": [1.0]})


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ('ALARM("a") OR ALARM("b")', True),
        ('ALARM("a") AND ALARM("b")', False),
        ('ALARM(a) AND NOT ALARM("b")', True),
        ('(ALARM("b") OR ALARM("a")) AND NOT ALARM("c")', True),
        ('ALARM("b") AND ALARM("c") OR ALARM("a")', True),
        ('OK("b") AND INSUFFICIENT_DATA("c")', True),
        ('ALARM("arn:aws:cloudwatch:eu-central-1:1:alarm:a")', True),
        ("TRUE AND NOT FALSE", True),
    ],
)
def test_a_composites_rule_is_read_as_cloudwatch_reads_it(rule: str, value: bool) -> None:
    assert holds(rule, {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA"}) == value


@pytest.mark.parametrize("rule", ['ALARM("a") ALARM("b")', '(ALARM("a")', 'ALARM("a") XOR ALARM("b")', "AND", ""])
def test_a_rule_that_is_not_understood_is_an_error(rule: str) -> None:
    with pytest.raises(RuleError):
        holds(rule, {})


def test_a_rule_names_alarms() -> None:
    assert names_in('ALARM("a") OR NOT OK("arn:aws:cloudwatch:r:1:alarm:b")') == ["a", "b"]


def test_a_composite_follows_another_one_in_the_same_evaluation_wherever_it_is_listed() -> None:
    composites = {
        "heartbeat": {"AlarmRule": 'ALARM("faults") AND NOT ALARM("forwarder")'},
        "forwarder": {"AlarmRule": 'ALARM("faults")'},
    }
    evaluator = Evaluator({"faults": alarm()}, composites)
    changes = evaluator.evaluate({FAULTS: [Sample(30, 1.0)]}, 60.0)
    assert [(change.name, change.after) for change in changes] == [
        ("faults", "ALARM"),
        ("forwarder", "ALARM"),
        ("heartbeat", "OK"),
    ]
    assert changes[1].causes == ("faults",)


def test_an_alarm_says_nothing_before_its_warm_up_is_over_or_its_periods_are_full() -> None:
    warm = alarm(1, TreatMissingData="breaching", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 45})
    evaluator = Evaluator({"silent": warm}, {}, created=1000.0)
    assert evaluator.evaluate({}, 1000.0 + 44 * 60) == []
    assert [change.after for change in evaluator.evaluate({}, 1000.0 + 46 * 60)] == ["ALARM"]
    early = Evaluator({"silent": warm}, {}, created=1000.0)
    assert [change.after for change in early.evaluate({FAULTS: [Sample(1030, 0.0)]}, 1060.0)] == ["OK"]


def test_a_state_that_stays_is_no_change() -> None:
    evaluator = Evaluator({"faults": alarm()}, {})
    samples = {FAULTS: [Sample(30, 1.0)]}
    assert len(evaluator.evaluate(samples, 60.0)) == 1
    assert evaluator.evaluate(samples, 80.0) == []
    (over,) = evaluator.evaluate(samples, 600.0)
    assert (over.before, over.after) == ("ALARM", "OK")
    assert "missing" in over.reason
