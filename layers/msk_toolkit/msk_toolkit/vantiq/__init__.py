"""Vantiq's REST API: bounded requests, delivery targets, and what its answers mean."""
