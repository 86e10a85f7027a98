"""topics.yaml: what it may hold, and every mistake at once."""

from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.topics.declaration import DeclaredTopic, parse_declaration, read_declaration

ROOT = Path(__file__).parents[2]


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
    assert found["msk-toolkit-heartbeat"].config_text["min.insync.replicas"] == "2"


def test_no_topics_is_a_declaration_too() -> None:
    assert parse_declaration({"topics": []}, "x") == []


def test_configuration_is_text_as_kafka_takes_it() -> None:
    config = {"a": 1, "b": 0.5, "c": True, "d": False, "e": "delete,compact", "f": "007", "g": "TRUE"}
    (found,) = parse_declaration({"topics": [topic(config=config)]}, "x")
    assert found.config_text == {
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
        "brokers",
        "topic 2 (a b)",
        "topic 2 (a b)",
        "topic 2 (a b)",
        "topic 2 (a b)",
        "topic 3 (half)",
        "topic 3 (half)",
        "topic 4",
        "topic 5",
        "topic 6 (deep)",
        "good",
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
        {"config": {"a": None}},
        {"description": 5},
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(change: dict[str, Any]) -> None:
    (only,) = problems(topic(**change))
    assert only.startswith(f"topic 1 (orders): {next(iter(change))}")


def test_a_topic_declared_twice_is_refused() -> None:
    assert problems(topic("a"), topic("b"), topic("a")) == ["a: declared twice"]


def test_names_that_differ_only_in_dot_and_underscore_collide() -> None:
    assert problems(topic("a.b_c"), topic("a_b.c")) == [
        "a_b.c: collides with a.b_c: Kafka holds '.' and '_' for the same"
    ]
    assert len(parse_declaration({"topics": [topic("a.b"), topic("a-b")]}, "x")) == 2


@pytest.mark.parametrize("document", [None, [], "topics", {}, {"topics": None}, {"topics": {}}, {"Topics": []}])
def test_a_document_without_topics_is_refused(document: Any) -> None:
    with pytest.raises(ConfigurationError, match="a list named topics is needed"):
        parse_declaration(document, "topics.yaml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"topics: [", "line 1"),
        (b"topics:\n  - name: a\n   partitions: 1\n", "line 3"),
        (b"topics: \xff\xfe", "not YAML"),
        (b"topics: !!int many", "not YAML"),
        (b"topics: !!python/object:os.system {}", "not YAML"),
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
