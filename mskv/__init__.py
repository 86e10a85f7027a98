"""``mskv``: the toolkit's command line, for a deployed stack and for the local system alike."""

__version__ = "0.3.0"
