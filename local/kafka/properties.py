"""Java's .properties files."""

from collections.abc import Mapping


def properties_text(properties: Mapping[str, object]) -> str:
    """The text of a file, a line for each property: keys as they are, values escaped."""
    return "".join(f"{key}={_escaped(str(value))}\n" for key, value in properties.items())


def _escaped(value: str) -> str:
    """Java takes the bytes for ISO-8859-1; UTF-16 units in ASCII are the same to it in any encoding."""
    return "".join(map(_escaped_character, value))


def _escaped_character(character: str) -> str:
    if "!" <= character <= "~" and character != "\\":
        return character
    encoded = character.encode("utf-16-be")
    return "".join(f"\\u{encoded[at : at + 2].hex()}" for at in range(0, len(encoded), 2))
