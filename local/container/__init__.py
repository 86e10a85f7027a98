"""A stand-in for the public Lambda image, made from this machine's own Python, for ``sam local invoke``."""
