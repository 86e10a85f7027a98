"""Plays Lambda's event source mapping for Amazon MSK: a consumer group that invokes a function with batches."""
