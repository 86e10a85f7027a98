"""A template as CloudFormation gets it from the transforms: loops unrolled, SAM's resources made into AWS's own."""

import copy
import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

from samcli.lib.cfn_language_extensions import process_template_for_sam_cli

from tests.template.stack import ANSWERS, PSEUDO

_SAM = "AWS::Serverless-2016-10-31"
_MANAGED = ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole")
Resources = dict[str, Any]


def unchanged(resources: Resources) -> None:
    """Leave everything as it is written."""


def processed(
    template: Mapping[str, Any],
    answers: Mapping[str, str] | None = None,
    change: Callable[[Resources], object] = unchanged,
    pseudo: Mapping[str, str] = PSEUDO,
) -> dict[str, Any]:
    """What the transforms make of a template, with these answers beside :data:`ANSWERS`.

    Args:
        pseudo: the pseudo parameters.
        change: gets the resources as they are written, each with its code uploaded, and may change them in place.
    """
    # Slow to load, and every worker of `make test` loads every file of tests.
    from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    given = {**ANSWERS, **(answers or {})}
    written = copy.deepcopy(dict(template))
    for name, resource in written["Resources"].items():
        properties = resource.get("Properties", {}) if isinstance(resource, dict) else {}
        for place in {"CodeUri", "ContentUri"} & properties.keys():
            properties[place] = f"s3://artifacts/{name}-1"
    change(written["Resources"])
    values = {**pseudo, **given, "ForwardTopics": given["ForwardTopics"].split(",")}
    unrolled = json.loads(json.dumps(process_template_for_sam_cli(written, parameter_values=values)))
    sam = {**unrolled, "Parameters": template["Parameters"], "Transform": _SAM}
    policies = {name: f"arn:aws:iam::aws:policy/service-role/{name}" for name in _MANAGED}
    # Metrics that nobody publishes make a warning each.
    metrics = Metrics("processed", DummyMetricsPublisher())
    # SAM asks boto3 for a Region.
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": pseudo["AWS::Region"]}):
        made: dict[str, Any] = Translator(policies, Parser(), metrics=metrics).translate(sam, given)
    metrics.publish()
    return made
