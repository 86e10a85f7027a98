"""Tables in Markdown."""


def cell(text: str) -> str:
    """A text as the content of a cell."""
    return text.replace("|", "\\|").replace("\n", " ")
