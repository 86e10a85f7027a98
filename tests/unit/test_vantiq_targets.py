"""Targets, routes, and the requests that go to them."""

import pytest
from msk_toolkit.settings.targets import Target, parse_routes, parse_target
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
    ],
)
def test_a_malformed_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_target(text)


def test_the_topic_stands_in_for_its_place() -> None:
    routes = parse_routes("topic:/kafka/{topic}", "")
    assert routes.target_for("orders.v1-x") == Target("topic", "/kafka/orders.v1-x")


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


def test_bodies() -> None:
    topic, procedure = Target("topic", "/a"), Target("procedure", "p")
    assert delivery_body(topic, [b"1"], as_array=False) == b"1"
    assert delivery_body(topic, [b"1"], as_array=True) == b"[1]"
    assert delivery_body(topic, [b"1", b"2"], as_array=True) == b"[1,2]"
    # A procedure's arguments are an array: the record, or the array of records, is its first.
    assert delivery_body(procedure, [b"{}"], as_array=False) == b"[{}]"
    assert delivery_body(procedure, [b"1", b"2"], as_array=True) == b"[[1,2]]"
