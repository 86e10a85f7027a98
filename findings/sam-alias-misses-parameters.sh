#!/usr/bin/env bash
# AWS SAM's AutoPublishAliasAllProperties: "a new version when any property of the function is modified". A parameter's
# new value modifies the function, and makes no new version: the alias, and every event of the function, which invokes
# the alias, goes on with the old subnets and the old environment.
#
# aws-sam-translator 1.115.0, public package. Exits with 0 as long as it behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet aws-sam-translator==1.115.0
AWS_DEFAULT_REGION=eu-central-1 "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import copy
import sys
from importlib.metadata import version

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

FUNCTION = {
    "Runtime": "python3.13",
    "Handler": "index.handler",
    "CodeUri": "s3://bucket/key",
    "Timeout": 60,
    "AutoPublishAlias": "live",
    "AutoPublishAliasAllProperties": True,
    "Environment": {"Variables": {"SERVER": {"Ref": "Server"}}},
    "VpcConfig": {"SubnetIds": {"Ref": "Subnets"}, "SecurityGroupIds": ["sg-1"]},
}
TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Server": {"Type": "String"}, "Subnets": {"Type": "CommaDelimitedList"}},
    "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": FUNCTION}},
}


def version_of(timeout=60, **parameters):
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["F"]["Properties"]["Timeout"] = timeout
    given = {"Server": "a.example", "Subnets": "subnet-1", **parameters}
    made = Translator({}, Parser()).translate(template, given)
    return next(name for name, each in made["Resources"].items() if each["Type"] == "AWS::Lambda::Version")


before = version_of()
seen = {
    "another value of Server": version_of(Server="b.example") != before,
    "another value of Subnets": version_of(Subnets="subnet-2") != before,
    "another Timeout in the template": version_of(timeout=61) != before,
}
print("aws-sam-translator", version("aws-sam-translator"))
for change, new in seen.items():
    print(f"{change}: {'a new version' if new else 'the same version, the alias stays where it was'}")
sys.exit(0 if list(seen.values()) == [False, False, True] else 1)
PYTHON
