"""The functions' settings: one typed model for each function's environment variables, checked as a whole."""
