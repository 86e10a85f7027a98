"""The console: a page on this machine with the probes' last results, the same matrix as on the dashboard."""
