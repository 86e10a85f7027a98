"""Targets, routes, and the requests that go to them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msk_toolkit.settings.targets import Target, parse_routes, parse_target
from msk_toolkit.settings.topic_names import kafka_name, vantiq_name
from msk_toolkit.vantiq.targets import delivery_body, delivery_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("topic:/my/topic", "/api/v1/resources/topics//my/topic"),
        ("service:my.pkg.Svc/Arrived", "/api/v1/resources/services/my.pkg.Svc/Arrived"),
        ("type:Order", "/api/v1/resources/custom/Order"),
        ("upsert:my.Order", "/api/v1/resources/custom/my.Order?upsert=true"),
        ("procedure:Orders.take", "/api/v1/resources/procedures/Orders.take"),
        ("source:Kafka", "/api/v1/resources/sources/Kafka"),
    ],
)
def test_each_target_has_its_documented_path(text: str, path: str) -> None:
    assert delivery_path(parse_target(text)) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "topic",
        "topic:orders",
        "topic:/a b",
        "topic:/a?x=1",
        "topic:/a/../b\r\nX: y",
        "type:Or-der",
        "type:a/b",
        "service:Svc",
        "queue:/a",
        "upsert:",
        "topic:/{other}",
        "type:Order?upsert=true",
        "TOPIC:/a",
        "topic:/sensor-readings",
        "topic:/a.b",
        "topic:/a_b",
        "topic:/a/",
        "topic:/a//b",
        "topic:/system/x",
        "topic:/type",
    ],
)
def test_a_malformed_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_target(text)


def test_the_topic_stands_in_for_its_place() -> None:
    routes = parse_routes("topic:/kafka/{topic}", "")
    assert routes.target_for("orders") == Target("topic", "/kafka/orders")


def test_a_topic_of_vantiq_gets_a_name_of_letters_and_digits() -> None:
    routes = parse_routes("topic:/msk/{topic}", '{"raw.*": "topic:/raw/{topic}/in"}')
    assert routes.target_for("sensor-readings") == Target("topic", "/msk/sensorZ2Dreadings")
    assert routes.target_for("raw.a_b") == Target("topic", "/raw/rawZ2EaZ5Fb/in")


def test_an_explicit_route_is_taken_as_it_is_written() -> None:
    routes = parse_routes("topic:/msk/{topic}", '{"sensor-readings": "topic:/msk/readings"}')
    assert routes.target_for("sensor-readings") == Target("topic", "/msk/readings")


def test_a_topic_that_falls_on_the_target_of_another_is_refused_until_both_are_spelled_out() -> None:
    routes = parse_routes("topic:/msk/{topic}", '{"heart": "topic:/msk/orders"}')
    with pytest.raises(ValueError, match="orders maps to topic:/msk/orders, which is already the target of heart; add"):
        routes.target_for("orders")
    both = parse_routes("topic:/msk/{topic}", '{"heart": "topic:/msk/orders", "orders": "topic:/msk/orders"}')
    assert both.target_for("orders") == both.target_for("heart") == Target("topic", "/msk/orders")


def test_the_first_parts_that_are_vantiqs_own_are_refused() -> None:
    with pytest.raises(ValueError, match="Kafka topic system maps to topic:/system"):
        parse_routes("topic:/{topic}", "").target_for("system")


def test_a_topic_whose_name_is_no_name_in_vantiq_is_named() -> None:
    routes = parse_routes("type:{topic}", "")
    assert routes.target_for("orders") == Target("type", "orders")
    with pytest.raises(ValueError, match="orders-v1"):
        routes.target_for("orders-v1")


def test_an_exact_route_wins_then_the_first_pattern_then_the_default() -> None:
    routes = parse_routes("topic:/rest", '{"a.*": "topic:/first", "a.b*": "topic:/second", "a.bc": "topic:/exact"}')
    found = [str(routes.target_for(topic)) for topic in ("a.bc", "a.b", "a.x", "b", "A.x")]
    assert found == ["topic:/exact", "topic:/first", "topic:/first", "topic:/rest", "topic:/rest"]


def test_without_a_default_an_unrouted_topic_is_named() -> None:
    with pytest.raises(ValueError, match="Kafka topic b has no route"):
        parse_routes("", '{"a": "topic:/a"}').target_for("b")


def test_all_problems_of_targets_come_at_once() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        parse_routes("orders", '{"a": "topic:x", "b": "type:y-z", "c": "type:Good"}')
    assert [str(problem).split(" must")[0] for problem in caught.value.exceptions] == [
        "VANTIQ_TARGET",
        "VANTIQ_ROUTES a:",
        "VANTIQ_ROUTES b:",
    ]


@pytest.mark.parametrize("routes", ["[]", "{", '{"a": 1}', "x"])
def test_routes_that_are_no_json_object_of_texts_are_refused(routes: str) -> None:
    with pytest.raises(ExceptionGroup):
        parse_routes("topic:/a", routes)


def test_a_body_is_the_record_or_an_array_as_its_target_takes_it() -> None:
    topic, procedure = Target("topic", "/a"), Target("procedure", "p")
    assert delivery_body(topic, [b"1"], as_array=False) == b"1"
    assert delivery_body(topic, [b"1"], as_array=True) == b"[1]"
    assert delivery_body(topic, [b"1", b"2"], as_array=True) == b"[1,2]"
    # A procedure's arguments are an array: the record, or the array of records, is its first.
    assert delivery_body(procedure, [b"{}"], as_array=False) == b"[{}]"
    assert delivery_body(procedure, [b"1", b"2"], as_array=True) == b"[[1,2]]"


_KAFKA_NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,60}", fullmatch=True) | st.text("Z25DEFA-._", min_size=1, max_size=20)


@given(_KAFKA_NAMES)
@example("Z2D")
@example("ZZ-2D")
@example("Z5A2D")
@example("-Z-")
def test_a_kafka_topics_name_comes_back_from_its_name_in_vantiq(name: str) -> None:
    part = vantiq_name(name)
    assert re.fullmatch(r"[A-Za-z0-9]+", part)
    assert kafka_name(part) == name


@pytest.mark.parametrize(
    ("kafka", "vantiq"),
    [
        ("orders", "orders"),
        ("AWSKafkaTutorialTopic", "AWSKafkaTutorialTopic"),
        ("sensor-readings", "sensorZ2Dreadings"),
        ("shop.orders_v2", "shopZ2EordersZ5Fv2"),
        ("ZONE", "ZONE"),
        ("Z2D", "Z5A2D"),
    ],
)
def test_names_in_vantiq_are_stable(kafka: str, vantiq: str) -> None:
    assert vantiq_name(kafka) == vantiq
