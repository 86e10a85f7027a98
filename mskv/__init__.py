"""``mskv``: the toolkit's command line, for a deployed stack and for the local system alike."""
