"""The cold start benchmark: what it makes of its samples and of a build."""

from pathlib import Path

import pytest

from benchmarks.cold_start import BARE, BARE_BOTO3, ColdStartError, Sample, built_functions, summary

TEMPLATE = """
Resources:
  ToolkitLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: ToolkitLayer}
  TopicsFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: TopicsFunction, Handler: topics.handler}
  Fn::ForEach::Mappings: [TopicName, [a], {}]
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "ToolkitLayer" / "python").mkdir(parents=True)
    return tmp_path


def test_medians_stand_against_the_two_bare_functions_of_the_same_run() -> None:
    samples = {
        BARE: [Sample(50, 40, 15)],
        BARE_BOTO3: [Sample(200, 180, 45)],
        "Topics": [Sample(900, 90, 20), Sample(100, 90, 20), Sample(90, 80, 20)],
    }
    row = summary(samples)[-1]
    assert (row.function, row.init_ms, row.cpu_ms, row.peak_mb) == ("Topics", 100, 90, 20)
    assert (row.times_bare, row.times_boto3) == (2, 0.5)


def test_every_function_of_the_build_is_measured_with_its_layer_and_variables(build: Path) -> None:
    (topics,) = built_functions(build, {"TopicsFunction": {"AUTH_MODE": "none"}})
    assert (topics.name, topics.module, topics.environment) == ("TopicsFunction", "topics", {"AUTH_MODE": "none"})
    assert topics.layers == (build / "ToolkitLayer" / "python",)


def test_a_build_for_another_machine_is_refused_with_the_command_for_this_one(build: Path) -> None:
    (build / "ToolkitLayer" / "python" / "_core.cpython-313-sparc-linux-gnu.so").touch()
    with pytest.raises(ColdStartError, match=r"_core.*Architecture="):
        built_functions(build, {})
