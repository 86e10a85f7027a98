#!/usr/bin/env bash
# `sam deploy --parameter-overrides` passes over what it does not understand, without a word: of a JSON value that is not
# in quotes of its own the first brace alone is sent, and a parameter that the template does not have (a misspelt one, or
# one that was renamed) is left out. In both cases the deployment goes on with another value than the user has given.
#
# aws-sam-cli 1.170.0, public package. Nothing leaves this machine: AWS is a server on loopback that shows which
# parameters arrive. Exits with 0 as long as it behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet aws-sam-cli==1.170.0
cat >"$folder/template.yaml" <<'YAML'
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Routes: {Type: String, Default: ""}
  Size: {Type: Number, Default: 1}
Resources:
  Topic: {Type: AWS::SNS::Topic}
YAML
cat >"$folder/aws.py" <<'PYTHON'
"""CloudFormation as far as a deployment gets: there is no such stack, and a change set is refused."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

ERROR = "<ErrorResponse><Error><Code>ValidationError</Code><Message>{}</Message></Error></ErrorResponse>"
arrived = []


class CloudFormation(BaseHTTPRequestHandler):
    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form["Action"] == ["CreateChangeSet"]:
            arrived.append(form)
        body = ERROR.format("Stack with id s does not exist").encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def sent(*overrides):
    """The parameters that arrive at CloudFormation."""
    arrived.clear()
    command = [sys.argv[1], "deploy", "--template-file", sys.argv[2], "--stack-name", "s", "--parameter-overrides"]
    environment = os.environ | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "SAM_CLI_TELEMETRY": "0",
    }
    subprocess.run([*command, *overrides], env=environment, capture_output=True, timeout=120)
    form = arrived[0]
    names = [name for name in form if name.endswith(".ParameterKey")]
    return {form[name][0]: form.get(name.replace("Key", "Value"), ["(the previous one)"])[0] for name in names}


server = HTTPServer(("127.0.0.1", 0), CloudFormation)
threading.Thread(target=server.serve_forever, daemon=True).start()
bare = sent('Routes={"a": "b"}')
quoted = sent("Routes='{\"a\": \"b\"}'")
misspelt = sent("Sizes=5")
print("Routes={...} arrives as", bare["Routes"])
print("Routes='{...}' arrives as", quoted["Routes"])
print("Sizes=5, where the template has Size, arrives as", json.dumps(misspelt))
sys.exit(0 if (bare["Routes"], quoted["Routes"], "Sizes" in misspelt) == ("{", '{"a": "b"}', False) else 1)
PYTHON
"$folder/venv/bin/sam" --version
"$folder/venv/bin/python" "$folder/aws.py" "$folder/venv/bin/sam" "$folder/template.yaml"
