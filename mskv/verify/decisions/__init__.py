"""Facts and answers -> checks; nothing here asks anybody."""
