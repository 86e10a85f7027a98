"""Brokers: staged connections and Kafka's requests over them, with kafka-python's message classes."""
