"""The walk-through's answers are what the code says today, in both languages.

Ports, and what a test message holds, were those of one run: they are given here as the pages have them.
"""

import json
import re
import shlex
from typing import Any

import msgspec
import pytest
from msk_toolkit.connect.client_files import client_files
from msk_toolkit.connect.login import Login
from msk_toolkit.connect.registration import plan_activation, plan_secret, plan_source, plan_target, render_registration
from msk_toolkit.connect.vantiq_source import SourceOptions, source_configuration
from msk_toolkit.kafka.topic_configs import TopicConfig
from msk_toolkit.msk.auth_modes import auth_modes
from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.listeners import listeners
from msk_toolkit.settings.targets import parse_target
from msk_toolkit.topics.declaration import read_declaration
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.plan import plan
from msk_toolkit.topics.render import render_topics

from mskv.command_line import commands
from tests.fakes.mskv_world import World, typed
from tests.unit.test_documents import DOCS, ROOT
from tests.walkthrough_commands import mskv_commands

PAGES = ("walkthrough.md", "walkthrough.ja.md")
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOPIC = "AWSKafkaTutorialTopic"
PLAINTEXT = "localhost:17049,localhost:20161,localhost:16838"
SCRAM = "localhost:27897,localhost:26152,localhost:18009"
LISTENERS = {
    "BootstrapBrokerString": PLAINTEXT,
    "BootstrapBrokerStringTls": "localhost:28584,localhost:20739,localhost:23608",
    "BootstrapBrokerStringSaslScram": SCRAM,
    "BootstrapBrokerStringSaslIam": "localhost:9098",
}
LOGINS = {
    "none": Login("none", PLAINTEXT),
    "scram": Login("scram", SCRAM, "test", None, "<the local authority's certificate>"),
}
READY = {"isReliable": True, "autoUnwind": True}

pytestmark = pytest.mark.parametrize("page", PAGES)


def blocks(page: str, kind: str) -> list[str]:
    """The page's blocks of this kind; kinds are sh, text, properties and json."""
    found = _FENCED.findall((DOCS / page).read_text(encoding="utf-8"))
    return [text for each, text in found if each == kind]


def answers(page: str) -> list[Any]:
    return [json.loads(text) for text in blocks(page, "json")]


def registration(name: str, mode: str, *, secret: dict[str, Any] | None, carried_out: bool) -> list[str]:
    """The table of a source that is not there, for a topic that is ready, as lines."""
    source = plan_source(None, name, source_configuration(LOGINS[mode], SourceOptions(topics=[TOPIC])))
    secrets = [plan_secret(secret, "MskPassword", "p4ssword", renew=False)] if mode == "scram" else []
    target = plan_target(READY, parse_target(f"topic:/msk/{TOPIC}"))
    changes = [*secrets, source, plan_activation(None, source, secrets[0] if secrets else None), target]
    return render_registration(changes, sum(change.writes for change in changes) if carried_out else None).splitlines()


def test_both_languages_show_the_same_commands_and_answers(page: str) -> None:
    assert [blocks(page, kind) for kind in ("sh", "text", "properties", "json")] == [
        blocks(PAGES[0], kind) for kind in ("sh", "text", "properties", "json")
    ]


def test_the_description_has_these_properties(page: str) -> None:
    (shown,) = (answer for answer in answers(page) if "kafka_version" in answer)
    assert ClusterDescription(arn="", **shown).brokers == 3


def test_the_auth_modes_are_printed_so(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: world.place())
    modes = auth_modes(ClusterDescription(arn="", name="local"), listeners(LISTENERS))
    world.answers["ConnectFunction"] = {"auth_modes": msgspec.to_builtins(modes)}
    assert typed("connect").stdout in blocks(page, "text")


def test_twelve_commands_of_mskv_are_shown_and_each_is_one_that_there_is(page: str) -> None:
    typed_commands = mskv_commands(page)
    assert len(set(typed_commands)) == 12
    for command in typed_commands:
        arguments = shlex.split(command)[1:]
        context = commands.make_context("mskv", list(arguments))
        name, found, rest = commands.resolve_command(context, arguments)
        assert found
        found.make_context(name, rest, parent=context)


def test_the_client_files_are_these(page: str) -> None:
    files = client_files(LOGINS["scram"]).files
    assert files["users_jaas.conf"] in blocks(page, "text")
    assert files["client_sasl.properties"] in blocks(page, "properties")


def test_a_plan_of_the_declared_topics_reads_so_after_the_deployment(page: str) -> None:
    declared = read_declaration(ROOT / "topics.yaml")
    as_declared = {
        topic.name: ObservedTopic(
            topic.name,
            topic.partitions,
            topic.replication_factor,
            {key: TopicConfig(value, "topic", None) for key, value in topic.config.items()},
        )
        for topic in declared
    }
    assert render_topics(plan(declared, ObservedTopics(3, as_declared)), [], []) + "\n" in blocks(page, "text")


@pytest.mark.parametrize("mode", ["none", "scram"])
def test_the_sources_configuration_is_this(page: str, mode: str) -> None:
    assert source_configuration(LOGINS[mode], SourceOptions(topics=[TOPIC])) in answers(page)


def test_the_plan_of_the_registration_reads_so(page: str) -> None:
    lines = registration("Msk_scram", "scram", secret=None, carried_out=False)
    assert "".join(f"{line}\n" for line in lines) in blocks(page, "text")


def test_the_registrations_read_so(page: str) -> None:
    shown = [answer["table"] for answer in answers(page) if "table" in answer]
    assert shown == [registration(f"Walk_{mode}", mode, secret={}, carried_out=True) for mode in ("none", "scram")]
