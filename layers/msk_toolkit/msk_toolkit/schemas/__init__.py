"""Avro, Protobuf and JSON Schema values as JSON, by a registry's schemas. Loaded only where SCHEMA_REGISTRY is set."""
