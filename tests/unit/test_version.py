"""One version everywhere: in the code, the packages, the template, responses, log lines, requests and links."""

import json
import re
import tomllib

import pytest
from click.testing import CliRunner
from msk_toolkit import __version__
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.verdict import RUNBOOK
from msk_toolkit.redrive.request import OLD_NAMES_UNTIL
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.version import REPOSITORY, document_url

import mskv
from docs.generate import all_schemas
from mskv.command_line import commands
from tests.fakes.http_fake import forever
from tests.fakes.vantiq_client_fake import client_of
from tests.template.stack import raw_template
from tests.unit.test_documents import DOCS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
APPLICATION = raw_template()["Metadata"]["AWS::ServerlessRepo::Application"]
# To a person or a program that invoked it; what is answered to CloudFormation, the mapping or a dashboard has a form of
# theirs.
RESPONSES = ("topics", "producer_probe", "consumer_probe", "connect", "diagnose", "redrive")
OTHER_FORMS = {"RelayedAnswer"}


def test_every_place_names_the_same_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert PROJECT["version"] == __version__
    assert mskv.__version__ == __version__
    assert APPLICATION["SemanticVersion"] == __version__
    assert raw_template()["Outputs"]["ToolkitVersion"]["Value"] == __version__
    assert APPLICATION["SourceCodeUrl"] == f"{REPOSITORY}/tree/v{__version__}"


def test_every_place_names_the_same_repository() -> None:
    assert PROJECT["urls"]["Repository"] == REPOSITORY
    assert PROJECT["urls"]["Changelog"].startswith(f"{REPOSITORY}/")
    assert APPLICATION["HomePageUrl"] == REPOSITORY


@pytest.mark.parametrize("limit", [("Name", 140), ("Author", 127), ("Description", 256)])
def test_the_serverless_application_repository_takes_the_metadata(limit: tuple[str, int]) -> None:
    name, longest = limit
    assert len(APPLICATION[name]) <= longest
    assert all(re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label) for label in APPLICATION["Labels"])
    # They would be uploaded with each deployment; the package of a release has them.
    assert not APPLICATION.keys() & {"LicenseUrl", "ReadmeUrl"}


@pytest.mark.parametrize("function", RESPONSES)
def test_every_response_to_a_caller_has_the_version(function: str) -> None:
    schema = all_schemas()[f"{function}.response"]
    references = [alternative["$ref"] for alternative in schema.get("anyOf", [schema]) if "$ref" in alternative]
    names = {reference.rpartition("/")[2] for reference in references} - OTHER_FORMS
    assert names
    for name in names:
        assert "version" in schema["$defs"][name]["properties"], name


def test_the_first_line_of_an_environment_says_what_runs(capsys: pytest.CaptureFixture[str]) -> None:
    toolkit_logger("first-line")
    (line,) = capsys.readouterr().out.splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["message"], entry["service"]) == ("INFO", "environment started", "first-line")
    assert entry["version"] == __version__
    assert re.fullmatch(r"3\.13\.\d+", entry["python"])
    assert entry["architecture"]


@pytest.mark.enable_socket
def test_vantiq_sees_the_version_in_the_user_agent() -> None:
    with client_of(forever()) as (client, server):
        client.request("POST", "/x", b"{}", Deadline(5))
    assert f"\r\nUser-Agent: msk-vantiq-toolkit/{__version__}\r\n".encode() in server.requests[0]


def test_mskv_reports_the_version() -> None:
    result = CliRunner().invoke(commands, ["--version"])
    assert (result.exit_code, result.output) == (0, f"mskv {__version__}\n")


def test_no_old_name_of_the_redrive_outlives_the_version_that_removes_it() -> None:
    current, removed_in = (tuple(map(int, version.split("."))) for version in (__version__, OLD_NAMES_UNTIL))
    assert current < removed_in, "remove the old names from msk_toolkit.redrive.request"


def test_a_link_to_the_runbook_leads_to_the_section_of_this_very_version() -> None:
    assert document_url("docs/runbook.md") == RUNBOOK == f"{REPOSITORY}/blob/v{__version__}/docs/runbook.md"
    page = (DOCS / "runbook.md").read_text(encoding="utf-8")
    for cause in Cause:
        assert f"## {cause}\n" in page
