"""Rotation of the brokers' SCRAM password: Secrets Manager's four steps, for one user and for two that alternate."""
