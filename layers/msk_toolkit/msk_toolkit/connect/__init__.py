"""From a cluster to everything a person had to write by hand: client files, Vantiq's Kafka source, its registration."""
