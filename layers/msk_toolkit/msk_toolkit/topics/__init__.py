"""Declared topics: parse, compare with the cluster, create what is missing."""
