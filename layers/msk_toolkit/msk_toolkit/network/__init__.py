"""From a host name to an open, verified connection: each step with a deadline and a named cause."""
