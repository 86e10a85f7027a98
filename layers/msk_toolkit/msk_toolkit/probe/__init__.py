"""Probes: what works on each broker, which stage fails first, and why."""
