"""Mails that explain an alarm: what is wrong, since when, what to do, and that it is over."""
