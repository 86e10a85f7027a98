"""A template as CloudFormation gets it from the transforms: loops unrolled, SAM's resources made into AWS's own."""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from samcli.lib.cfn_language_extensions import process_template_for_sam_cli
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.template.stack import ANSWERS, PSEUDO, raw_template

_SAM = "AWS::Serverless-2016-10-31"


def processed(
    template: Mapping[str, Any] | None = None,
    change: Callable[[dict[str, Any]], object] = lambda resources: None,
    **answers: str,
) -> dict[str, Any]:
    """What the transforms make of a template, the toolkit's own by default, for these answers.

    Args:
        change: gets the resources as they are written, each with its code uploaded, and may change them in place.
    """
    given = {**ANSWERS, **answers}
    written = copy.deepcopy(dict(template or raw_template()))
    for name, resource in written["Resources"].items():
        properties = resource.get("Properties", {}) if isinstance(resource, dict) else {}
        for place in {"CodeUri", "ContentUri"} & properties.keys():
            properties[place] = f"s3://artifacts/{name}-1"
    change(written["Resources"])
    values = {**PSEUDO, **given, "ForwardTopics": given["ForwardTopics"].split(",")}
    unrolled = json.loads(json.dumps(process_template_for_sam_cli(written, parameter_values=values)))
    made: dict[str, Any] = Translator({}, Parser()).translate({**unrolled, "Transform": _SAM}, dict(given))
    return made
