"""Telemetry of the functions: structured logs, and metrics from one catalogue."""
