"""topics.yaml: what it may hold, and every mistake at once."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.topics.declaration import parse_declaration, read_declaration
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.document import from_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def dates_as_yaml_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM's YAML reader, which other tests of the same process call, replaces this for the whole process."""
    constructor = yaml.constructor.SafeConstructor
    read_date = constructor.construct_yaml_timestamp
    monkeypatch.setitem(constructor.yaml_constructors, "tag:yaml.org,2002:timestamp", read_date)


def topic(name: str = "orders", **changes: Any) -> dict[str, Any]:
    return {"name": name, "partitions": 3, "replication_factor": 2, **changes}


def problems(*topics: Any, **more: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_declaration({"topics": list(topics), **more}, "topics.yaml")
    assert caught.value.subject == "topics.yaml"
    return caught.value.problems


def test_the_committed_declaration_is_right() -> None:
    found = {each.name: each for each in read_declaration(ROOT / "topics.yaml")}
    tutorial = found["AWSKafkaTutorialTopic"]
    assert (tutorial.partitions, tutorial.replication_factor) == (1, 2)
    assert found["msk-toolkit-heartbeat"].config == {
        "min.insync.replicas": "2",
        "retention.ms": "14400000",
        "segment.ms": "3600000",
    }


def test_no_topics_is_a_declaration_too() -> None:
    assert parse_declaration({"topics": []}, "x") == []


def test_configuration_is_text_as_kafka_takes_it() -> None:
    config = {"a": 1, "b": 0.5, "c": True, "d": False, "e": "delete,compact", "f": "007", "g": "TRUE"}
    (found,) = parse_declaration({"topics": [topic(config=config)]}, "x")
    assert found.config == {
        "a": "1",
        "b": "0.5",
        "c": "true",
        "d": "false",
        "e": "delete,compact",
        "f": "007",
        "g": "TRUE",
    }


def test_cloudformation_hands_over_numbers_as_text() -> None:
    given = topic(partitions="6", replication_factor="3", config={"retention.ms": "1000", "unclean": "false"})
    (found,) = parse_declaration({"topics": [given]}, "event")
    assert found == DeclaredTopic("orders", 6, 3, {"retention.ms": "1000", "unclean": "false"})


def test_all_mistakes_of_all_topics_come_at_once() -> None:
    found = problems(
        topic("good"),
        topic("a b", partitions=0, replication_factor="two", colour="red"),
        {"name": "half"},
        "text",
        {"partitions": 1, "replication_factor": 1},
        topic("deep", config={"k": [1]}),
        topic("good"),
        brokers=3,
    )
    assert [problem.split(": ")[0] for problem in found] == [
        "$.brokers",
        "$.topics[1].colour",
        "$.topics[1].partitions",
        "$.topics[1].replication_factor",
        "$.topics[1].name",
        "$.topics[2]",
        "$.topics[2]",
        "$.topics[3]",
        "$.topics[4]",
        "$.topics[5].config.k",
        "$.topics[6].name",
    ]
    whole = "\n".join(found)
    for words in (
        "unknown key colour",
        "partitions: ",
        "replication_factor: ",
        "may hold only letters",
        "name is missing",
    ):
        assert words in whole


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "ü", "x" * 250, "a\n", 5, None, True])
def test_a_name_that_kafka_refuses_is_refused(name: Any) -> None:
    assert problems(topic(name))


@pytest.mark.parametrize(
    "change",
    [
        {"partitions": 0},
        {"partitions": -1},
        {"partitions": 1.5},
        {"partitions": True},
        {"partitions": None},
        {"partitions": "many"},
        {"partitions": 100_001},
        {"replication_factor": 0},
        {"replication_factor": 16},
        {"config": None},
        {"config": []},
        {"description": 5},
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(change: dict[str, Any]) -> None:
    (only,) = problems(topic(**change))
    assert f"orders: {next(iter(change))}" in only


def test_a_topic_declared_twice_is_refused() -> None:
    assert problems(topic("a"), topic("b"), topic("a")) == ["$.topics[2].name: a: declared twice"]


def test_names_that_differ_only_in_dot_and_underscore_collide() -> None:
    assert problems(topic("a.b_c"), topic("a_b.c")) == [
        "$.topics[1].name: a_b.c: collides with a.b_c: Kafka considers '.' and '_' equal"
    ]
    assert len(parse_declaration({"topics": [topic("a.b"), topic("a-b")]}, "x")) == 2


@pytest.mark.parametrize("document", [None, [], "topics", {}, {"topics": None}, {"topics": {}}, {"Topics": []}])
def test_a_document_without_topics_is_refused(document: Any) -> None:
    with pytest.raises(ConfigurationError, match="a list named topics is needed"):
        parse_declaration(document, "topics.yaml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"topics: [", "line "),
        (b"topics:\n  - name: a\n   partitions: 1\n", "line 3"),
        (b"topics: \xff\xfe", "not YAML"),
        (b"topics: 2026-99-99", "not a plain value"),
        (b"topics: !!python/object:os.system {}", "a list named topics is needed"),
        (b"", "a list named topics is needed"),
    ],
)
def test_a_file_that_is_not_yaml_is_refused_with_the_place(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "topics.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_declaration(file)
    assert caught.value.subject == "topics.yaml"


def test_a_file_that_is_missing_or_a_folder_names_the_setting(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigurationError, match=r"TOPICS_FILE: .*(does not exist|can't be read)"):
            read_declaration(path)


MISTAKES = """\
defaults:
  replication_factor: 3
  colour: red
topics:
  - name: a b
    partitions: 0
  - name: half
  - name: ok.one
    partitions: 1
    config: {retention.ms: 7 days, segment.ms: 1:30, min.insync.replicas: 4}
  - name: ok_one
    partitions: 1
    partitions: 2
    config:
      retention.ms: 1d
      segment.ms: 2d
  - name: __consumer_offsets
    partitions: 1
more: 1
"""


def test_every_mistake_of_a_file_comes_with_its_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text(MISTAKES)
    with pytest.raises(ConfigurationError) as caught:
        read_declaration(file)
    expected = [
        "line 3, column 11: defaults: unknown key colour",
        "line 5, column 11: a b: name: 'a b' may hold only",
        "line 6, column 17: a b: partitions: must be a whole number from 1 to 100,000",
        "line 7, column 5: half: partitions is missing",
        "line 10, column 28: ok.one: config: retention.ms: '7 days' is not a quantity",
        "line 10, column 48: 1:30 is ambiguous in YAML",
        "line 10, column 48: ok.one: config: segment.ms: '1:30' is not a quantity",
        "line 10, column 75: ok.one: min.insync.replicas 4 is above the replication factor 3",
        "line 11, column 11: ok_one: collides with ok.one",
        "line 13, column 5: duplicate key partitions",
        "line 17, column 11: __consumer_offsets: name: __consumer_offsets is internal to Kafka",
        "line 19, column 7: unknown key more",
    ]
    assert [found[: len(words)] for found, words in zip(caught.value.problems, expected, strict=True)] == expected


def test_defaults_hold_where_a_topic_says_nothing_and_config_is_merged_by_key() -> None:
    document = {
        "defaults": {"partitions": 3, "replication_factor": 3, "config": {"retention.ms": "7d", "segment.ms": "1d"}},
        "topics": [{"name": "a"}, {"name": "b", "partitions": 6, "config": {"retention.ms": "3d"}, "protected": True}],
    }
    assert parse_declaration(document, "x") == [
        DeclaredTopic("a", 3, 3, {"retention.ms": "604800000", "segment.ms": "86400000"}),
        DeclaredTopic("b", 6, 3, {"retention.ms": "259200000", "segment.ms": "86400000"}, protected=True),
    ]


def test_an_alias_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text("topics: &all\n  - *all\n")
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        read_declaration(file)


MERGED = """\
defaults: {replication_factor: 3}
topics:
  - &first
    name: a
    partitions: 1
  - <<: *first
    name: b
  - name: c
    partitions: 1
    config: {<<: {retention.ms: 1d}, "<<": x}
"""


def test_merge_keys_are_named_once_each_with_their_place_and_the_alternative(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text(MERGED)
    with pytest.raises(ConfigurationError) as caught:
        read_declaration(file)
    says = "merge keys (<<) are not supported: write the keys out, or use defaults"
    assert caught.value.problems == [
        f"line 6, column 5: {says}",
        "line 6, column 5: b: partitions is missing, here and in defaults",
        f"line 10, column 14: {says}",
    ]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "topics: []\n---\ntopics: []\n",
            "line 2, column 1: a second document begins here (---): only one is read, so put its topics into the first",
        ),
        ("topics: []\n# é\nx: \0", "line 3, column 4: the character U+0000 is not allowed in YAML: remove it"),
        ("topics: [\x01]", "line 1, column 10: the character U+0001 is not allowed in YAML: remove it"),
    ],
)
def test_what_makes_a_file_unreadable_is_said(
    monkeypatch: pytest.MonkeyPatch, loader: Any, content: str, problem: str
) -> None:
    monkeypatch.setattr("msk_toolkit.topics.document._LOADER", loader)
    with pytest.raises(ConfigurationError) as caught:
        from_yaml(content, "topics.yaml")
    assert caught.value.problems == [problem]


def test_any_key_stays_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    config = "{min.cleanable.dirty.ratio: 0.50, preallocate: no, compression.type: zstd, x: 2026-01-02, y: '007'}"
    file.write_text(f"topics: [{{name: a, partitions: 1, replication_factor: 3, config: {config}}}]")
    (found,) = read_declaration(file)
    assert list(found.config.values()) == ["0.50", "false", "zstd", "2026-01-02", "007"]
