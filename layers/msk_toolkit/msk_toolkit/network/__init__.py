"""From a host name to an open, verified connection: each stage with a deadline and a named cause."""
