"""Values as Confluent's and Glue's serializers write them, in an environment of its own (locks/schema-producers.txt).

``python schema_producers.py REGISTRY GLUE_VERSION``: the URL of a registry with Confluent's API, and the id of a schema
version that Glue knows. Prints JSON: by the case's name the value in base64, and headers by their names.
"""

import json
import sys
import uuid
from base64 import b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from aws_schema_registry import DataAndSchema, KafkaSerializer, SchemaRegistryClient
from aws_schema_registry.avro import AvroSchema
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaReference, header_schema_id_serializer
from confluent_kafka.schema_registry import SchemaRegistryClient as ConfluentClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.api import label_pb2, metric_pb2
from google.protobuf import duration_pb2
from google.type import money_pb2

ORDER = {
    "type": "record",
    "name": "shop.Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "key", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "raw", "type": "bytes"},
        {"name": "ratio", "type": "double"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "PAID"]}},
    ],
}
AN_ORDER = {
    "id": 9007199254740993,
    "price": Decimal("-12.50"),
    "at": datetime(2026, 11, 29, 1, 2, 3, 4, tzinfo=UTC),
    "day": date(2026, 11, 29),
    "key": uuid.UUID("6357e0b2-0e6a-4b86-a0b4-70df934c2e31"),
    "raw": b"\x00\xff",
    "ratio": float("inf"),
    "note": None,
    "tags": ["a", "ü"],
    "state": "PAID",
}
CUSTOMER = {"type": "record", "name": "shop.Customer", "fields": [{"name": "name", "type": "string"}]}
SALE = {"type": "record", "name": "shop.Sale", "fields": [{"name": "to", "type": "shop.Customer"}]}
JSON_ORDER = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Order",
    "type": "object",
    "properties": {"id": {"type": "integer"}, "to": {"type": "string"}},
    "required": ["id"],
}
JSON_CUSTOMER = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"}
JSON_SALE = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Sale",
    "type": "object",
    "properties": {"to": {"$ref": "customer.json"}},
}


def main(url: str, glue_version: str) -> None:
    client = ConfluentClient({"url": url})
    cases = {**avro(client), **json_schema(client), **protobuf(client), **glue(glue_version)}
    print(json.dumps(cases))


def case(serializer: Any, value: Any, topic: str, headers: Any = None) -> dict[str, Any]:
    octets = serializer(value, SerializationContext(topic, MessageField.VALUE, headers))
    return {
        "value": b64encode(octets).decode(),
        "headers": {name: b64encode(content).decode() for name, content in headers or ()},
    }


def avro(client: ConfluentClient) -> dict[str, Any]:
    plain = AvroSerializer(client, json.dumps(ORDER))
    client.register_schema("customer", RegistrySchema(json.dumps(CUSTOMER), "AVRO"))
    reference = SchemaReference("shop.Customer", "customer", 1)
    sale = AvroSerializer(client, RegistrySchema(json.dumps(SALE), "AVRO", [reference]))
    return {
        "avro": case(plain, AN_ORDER, "orders"),
        "avro with a reference": case(sale, {"to": {"name": "Ada"}}, "sales"),
    } | beside(client, "avro with its id in a header", AvroSerializer, AN_ORDER, json.dumps(ORDER))


def beside(client: ConfluentClient, name: str, kind: Any, value: Any, schema: Any) -> dict[str, Any]:
    """A value whose schema's GUID is in a header; only where the registry has GUIDs."""
    try:
        serializer = kind(client, schema, conf={"schema.id.serializer": header_schema_id_serializer})
        return {name: case(serializer, value, "orders", [])}
    except Exception:  # noqa: BLE001 - whatever the serializer makes of a registry without GUIDs
        return {}


def json_schema(client: ConfluentClient) -> dict[str, Any]:
    order = JSONSerializer(json.dumps(JSON_ORDER), client)
    client.register_schema("customer-json", RegistrySchema(json.dumps(JSON_CUSTOMER), "JSON"))
    reference = SchemaReference("customer.json", "customer-json", 1)
    sale = JSONSerializer(RegistrySchema(json.dumps(JSON_SALE), "JSON", [reference]), client)
    return {
        "json": case(order, {"id": 1, "to": "ü"}, "json-orders"),
        "json with a reference": case(sale, {"to": "Ada"}, "json-sales"),
    }


def protobuf(client: ConfluentClient) -> dict[str, Any]:
    money = ProtobufSerializer(money_pb2.Money, client)
    nested = ProtobufSerializer(metric_pb2.MetricDescriptor.MetricDescriptorMetadata, client)
    metric = ProtobufSerializer(metric_pb2.MetricDescriptor, client)
    label = label_pb2.LabelDescriptor(key="k", value_type=label_pb2.LabelDescriptor.INT64)
    return {
        "protobuf": case(money, money_pb2.Money(units=9007199254740993, nanos=5), "money"),
        "protobuf, a nested message": case(
            nested,
            metric_pb2.MetricDescriptor.MetricDescriptorMetadata(ingest_delay=duration_pb2.Duration(seconds=3)),
            "nested",
        ),
        "protobuf with references": case(metric, metric_pb2.MetricDescriptor(name="m", labels=[label]), "metrics"),
    }


def glue(version: str) -> dict[str, Any]:
    serializer = KafkaSerializer(SchemaRegistryClient(_Glue(version)))
    octets = serializer.serialize("orders", DataAndSchema(AN_ORDER, AvroSchema(json.dumps(ORDER))))
    return {"glue": {"value": b64encode(octets).decode(), "headers": {}, "schema": json.dumps(ORDER)}}


class _Glue:
    """boto3's client, as far as the serializer asks it for a schema that is registered."""

    def __init__(self, version: str) -> None:
        self._version = version

    def get_schema_by_definition(self, **_: Any) -> dict[str, Any]:
        return {
            "SchemaVersionId": self._version,
            "SchemaArn": "arn:aws:glue:eu-central-1:123456789012:schema/default-registry/orders",
            "DataFormat": "AVRO",
            "Status": "AVAILABLE",
        }

    def get_schema_version(self, **_: Any) -> dict[str, Any]:
        return {**self.get_schema_by_definition(), "SchemaDefinition": json.dumps(ORDER), "VersionNumber": 1}


if __name__ == "__main__":
    main(*sys.argv[1:])
