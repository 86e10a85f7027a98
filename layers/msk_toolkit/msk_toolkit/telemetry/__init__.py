"""What the functions say about themselves: structured logs, and metrics from one catalogue."""
