"""Dead letters: listed, inspected, imported from what a mapping discarded, and replayed in order."""
