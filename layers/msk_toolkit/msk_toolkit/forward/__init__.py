"""Kafka records to Vantiq: decoded without loss, delivered in order, and accounted for one by one."""
