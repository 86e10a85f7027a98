"""What each function is told through its environment: one typed model per function, checked as a whole."""
