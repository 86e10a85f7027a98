"""The console: a page on this machine that shows the whole path, live, and lets a person try faults."""
