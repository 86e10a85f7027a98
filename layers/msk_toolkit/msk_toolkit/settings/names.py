"""Comma-separated names, as variables hold them."""


def split_names(text: str) -> tuple[str, ...]:
    """The names in a comma-separated text, without duplicates, in their order."""
    names = [name.strip() for name in text.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))
