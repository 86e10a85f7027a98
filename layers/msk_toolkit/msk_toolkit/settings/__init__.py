"""The functions' settings: a typed model for each function's environment variables, all problems at once."""
