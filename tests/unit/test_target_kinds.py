"""Every kind of target is known to every package that has to know it; a failure names the kind and the package."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from msk_toolkit.connect.registration import plan_target
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.targets import Target, batch_rule, parse_routes, parse_target
from msk_toolkit.target_kinds import KINDS, Fitness, TargetKind
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.resources import VantiqResources
from msk_toolkit.vantiq.responses import Disposition, results_of_request
from msk_toolkit.vantiq.target_state import judge_target, read_target
from msk_toolkit.vantiq.targets import delivery_body, delivery_path, target_resource

from local.vantiq import running_standin
from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import record
from tests.fakes.vantiq_client_fake import FixedToken
from tests.template.stack import raw_template

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
Check = Callable[[Target], object]


def settings_targets(target: Target) -> None:
    """A target of the kind is parsed, a malformed one is answered with an example, and a route leads there."""
    row = KINDS[target.kind]
    assert parse_target(str(target)) == target
    with pytest.raises(ValueError, match=re.escape(str(target))):
        parse_target(f"{target.kind}:no name")
    with pytest.raises(ValueError, match=f"{target.kind}:"):
        parse_target("unknown:x")
    routes = parse_routes(f"{str(target)[:-3]}{{topic}}", "")
    assert row.syntax.fullmatch(routes.target_for("orders").name)


def settings_forwarder(target: Target) -> None:
    """The settings describe the kind and know its default batch."""
    row = KINDS[target.kind]
    settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", vantiq_target=str(target))
    assert settings.problems() == []
    assert settings.array_length(target.kind) == row.default_batch
    assert settings.sends_arrays(target.kind) == (row.default_batch > 1)
    assert str(target) in description("vantiq_target")


def vantiq_targets(target: Target) -> None:
    """The request has a path below the resources and a body of JSON."""
    assert delivery_path(target).startswith("/api/v1/resources/")
    document = b'{"id":"a"}'
    for as_array in (False, True):
        body = json.loads(delivery_body(target, [document], as_array=as_array))
        argument = body[0] if KINDS[target.kind].as_argument else body
        assert argument == ([{"id": "a"}] if as_array else {"id": "a"})


def vantiq_responses(target: Target) -> None:
    """Successes, errors in a success and a missing credential are understood."""
    kind, row = target.kind, KINDS[target.kind]
    error = b'[{"code": "io.vantiq.x", "message": "m", "params": []}]'
    assert disposition(200, b"{}", kind) is Disposition.DELIVERED
    assert disposition(200, error, kind) is Disposition.REFUSED
    assert disposition(401, b"", kind) is Disposition.OUTAGE
    duplicate = error.replace(b"io.vantiq.x", b"io.vantiq.resource.duplicate.key")
    expected = Disposition.THERE_ALREADY if row.inserts else Disposition.REFUSED
    assert disposition(400, duplicate, kind) is expected
    bare = results_of_request(200, b"", kind, 2, as_array=True)
    expected = Disposition.RETRIABLE if row.result_per_record else Disposition.DELIVERED
    assert {result.disposition for result in bare.records} == {expected}


def vantiq_target_state(target: Target) -> None:
    """What is missing is unfit and named by its resource; what the row defines is fit, also for arrays."""
    resource, name = target_resource(target)
    missing = judge_target(target, None, arrays=False)
    assert missing.fitness is Fitness.UNFIT
    assert f"{resource.removesuffix('s')} {name}" in missing.reason
    assert judge_target(target, KINDS[target.kind].definition(target.name), arrays=True).fitness is Fitness.FIT


def connect_registration(target: Target) -> None:
    """connect creates what the row defines and nothing else, and then leaves it alone."""
    row = KINDS[target.kind]
    plan = plan_target(None, target)
    assert (plan.kind, plan.name) == target_resource(target)
    assert plan.step == ("create" if row.created_as else "refuse")
    assert plan.instance == (row.definition(target.name) if row.created_as else {})
    assert plan_target(row.definition(target.name), target).step == "none"


def forward(target: Target) -> None:
    """The forwarder delivers to it, in one request where arrays are the kind's default."""
    harness = ForwarderHarness(vantiq_target=str(target))
    assert harness.forward(record(0), record(1)).delivered == 2
    requests = 1 if KINDS[target.kind].default_batch > 1 else 2
    assert [path for path, _ in harness.vantiq.posts] == [delivery_path(target)] * requests


def template(target: Target) -> None:
    """The template's parameters accept the kind and describe it."""
    parameters = raw_template()["Parameters"]
    for name in ("VantiqTarget", "HeartbeatTarget"):
        assert re.search(parameters[name]["AllowedPattern"], str(target)), name
    assert f"{target.kind}:" in parameters["VantiqTarget"]["Description"]


def documents(target: Target) -> None:
    """docs/settings.md has its row."""
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| `{target}` |")]
    assert len(rows) == 1
    assert KINDS[target.kind].requirement in rows[0]


def local_vantiq(target: Target) -> None:
    """The local stand-in takes records there and describes what it took them with."""
    row = KINDS[target.kind]
    with running_standin() as standin:
        resource, _ = target_resource(target)
        standin.define(resource, row.definition(target.name))
        settings = ForwarderSettings(vantiq_url=standin.url, vantiq_token_secret_arn="s")
        client = VantiqClient.from_settings(settings, FixedToken(standin.token))
        try:
            state = read_target(VantiqResources(client, Deadline(10)), target, arrays=False)
            document = b'{"id":"a"}'
            as_array = row.default_batch > 1
            body = delivery_body(target, [document], as_array=as_array)
            response = client.request("POST", delivery_path(target), body, Deadline(10))
        finally:
            client.close()
        assert state.fitness is Fitness.FIT
        results = results_of_request(response.status, response.body, target.kind, 1, as_array=as_array, sent=[document])
        assert [result.disposition for result in results.records] == [Disposition.DELIVERED]
        assert len(standin.journal) == 1


PACKAGES: dict[str, Check] = {
    "settings/targets.py": settings_targets,
    "settings/forwarder.py": settings_forwarder,
    "vantiq/targets.py": vantiq_targets,
    "vantiq/responses.py": vantiq_responses,
    "vantiq/target_state.py": vantiq_target_state,
    "connect/registration.py": connect_registration,
    "forward": forward,
    "template.yaml": template,
    "docs/settings.md": documents,
    "local/vantiq": local_vantiq,
}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_package_knows_a_target_kind(kind: TargetKind, package: str) -> None:
    PACKAGES[package](Target(kind, KINDS[kind].example))


def test_the_type_of_a_kind_names_those_of_the_table() -> None:
    assert get_args(TargetKind) == tuple(KINDS)


@pytest.mark.parametrize("parameter", ["VantiqTarget", "HeartbeatTarget"])
def test_the_template_accepts_no_kind_that_the_table_does_not_have(parameter: str) -> None:
    pattern = raw_template()["Parameters"][parameter]["AllowedPattern"].replace(r"\{topic\}", "")
    assert set(re.findall(r"[a-z]{2,}", pattern)) == set(KINDS)


def test_the_template_says_which_kinds_get_arrays_by_default_and_which_need_autounwind() -> None:
    assert batch_rule() in raw_template()["Parameters"]["RecordsPerPost"]["Description"]


def disposition(status: int, body: bytes, kind: TargetKind) -> Disposition:
    """The disposition of a record that was sent alone."""
    return results_of_request(status, body, kind, 1, as_array=False).records[0].disposition


def description(field: str) -> str:
    """The text that docs/settings.md has for a field."""
    metadata: Any = get_type_hints(ForwarderSettings, include_extras=True)[field].__metadata__[0]
    return str(metadata.description)
