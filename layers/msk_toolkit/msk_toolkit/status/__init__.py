"""The state of the whole path, from Kafka to Vantiq: read, judged, and shown."""
