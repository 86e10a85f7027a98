"""Dead letters sent again: found, looked at, brought into one form, and replayed in order."""
