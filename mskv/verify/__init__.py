"""``mskv verify``: an acceptance test for a deployed stack. What is asked, what is decided, and the report."""
