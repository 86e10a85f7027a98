"""The cold start benchmark: what it makes of its samples and of a build."""

from pathlib import Path

import pytest

from benchmarks.cold_start import summary
from benchmarks.cold_start_functions import BARE, BARE_BOTO3, ColdStartError, built_functions, machine
from benchmarks.cold_start_runs import Sample

TEMPLATE = """
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: Layer, CompatibleArchitectures: [MACHINE]}
  AnotherLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: AnotherLayer, CompatibleArchitectures: [sparc]}
  TopicsFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: TopicsFunction, Handler: topics.handler}
  Fn::ForEach::Mappings: [TopicName, [a], {}]
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("MACHINE", machine()))
    return tmp_path


def test_medians_stand_against_the_two_bare_functions_of_the_same_run() -> None:
    samples = {
        BARE: [Sample(50, 40, 15, 1)],
        BARE_BOTO3: [Sample(200, 180, 45, 160)],
        "Topics": [Sample(900, 90, 20, 70, 10), Sample(100, 90, 20, 70, 10), Sample(90, 80, 20, 60, 10)],
    }
    row = summary(samples)[-1]
    assert (row.function, row.init_ms, row.import_cpu_ms, row.call_cpu_ms, row.peak_mb) == ("Topics", 100, 70, 10, 20)
    assert (row.times_bare, row.times_boto3, row.work_times_boto3) == (2, 0.5, 0.5)


def test_every_function_of_the_build_is_measured_with_this_machines_layer_and_its_variables(build: Path) -> None:
    (topics,) = built_functions(build, {"TopicsFunction": {"AUTH_MODE": "none"}})
    assert (topics.name, topics.module, topics.environment) == ("TopicsFunction", "topics", {"AUTH_MODE": "none"})
    assert topics.layers == (build / "Layer" / "python",)


def test_a_build_without_a_layer_for_this_machine_is_refused(build: Path) -> None:
    (build / "template.yaml").write_text(TEMPLATE.replace("MACHINE", "sparc"))
    with pytest.raises(ColdStartError, match=f"no layer for {machine()}"):
        built_functions(build, {})
