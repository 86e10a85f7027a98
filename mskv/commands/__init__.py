"""The commands, a module for each; what they need is imported when they run, so that ``--help`` is there at once."""
