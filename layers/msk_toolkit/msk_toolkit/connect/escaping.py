"""Text as JAAS files, Java's properties files and kcat's configuration want it.

A password may hold anything. Each rule is that of the reader's own parser; the integration tests log in with what
is written here, through Java's and Kafka's readers.
"""

import re

_JAAS = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PROPERTIES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}


def jaas_quoted(text: str) -> str:
    """A quoted JAAS value, as Java's StreamTokenizer reads it back: control characters as three octal digits."""
    return '"' + "".join(map(_jaas_char, text)) + '"'


def property_value(text: str) -> str:
    """The value of a line in a properties file, in ASCII: Java reads the file as Latin-1.

    Only a leading blank would be lost; ``=``, ``:`` and ``#`` mean nothing within a value.
    """
    escaped = "".join(map(_property_char, text))
    if escaped.startswith(" "):
        return "\\" + escaped
    return escaped


def kcat_value(text: str) -> str:
    r"""The value of a line in kcat's configuration, which takes the backslash off ``\:`` and ``\=`` and off nothing
    else. It can't carry a line break, nor blanks at the ends: see :func:`kcat_can_carry`."""
    return re.sub(r"([:=])", r"\\\1", text)


def kcat_can_carry(text: str) -> bool:
    """Whether kcat's line format can hold the text: it trims lines and reads 512 bytes of each."""
    return text == text.strip() and "\n" not in text and "\r" not in text and len(kcat_value(text).encode()) < 400


def librdkafka_can_carry(text: str) -> bool:
    """Whether librdkafka takes the text as it is, however it gets it: it trims the beginning of every value."""
    return text == text.lstrip(" \t\n\v\f\r")


def jaas_file_can_carry(text: str) -> bool:
    """Whether Java's JAAS file reader leaves the text alone: it fills in ``${...}``, with no way to escape that."""
    return re.search(r"\$\{[^}]*\}", text) is None


def _jaas_char(char: str) -> str:
    if char < " " and char not in _JAAS:
        return f"\\{ord(char):03o}"
    return _JAAS.get(char, char)


def _property_char(char: str) -> str:
    if char in _PROPERTIES:
        return _PROPERTIES[char]
    if " " <= char <= "~":
        return char
    return _utf16(char)


def _utf16(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2))
