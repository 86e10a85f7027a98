#!/usr/bin/env bash
# msgspec 0.22.0 has three answers to text that UTF-8 can't hold. A decoder of msgspec.Raw accepts JSON whose strings are
# not UTF-8, which a decoder without a type refuses with UnicodeDecodeError. convert() to int, a choice or a struct raises
# UnicodeEncodeError where every other unfit value raises ValidationError. convert() to str lets half of a surrogate pair
# pass, which encode() then refuses. Python's own json reads such a half out of "\ud800".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
from typing import Literal

import msgspec


class Named(msgspec.Struct):
    name: str = ""


def outcome(call, *arguments):
    try:
        return type(call(*arguments)).__name__
    except Exception as error:
        return type(error).__name__


half = json.loads('"\\ud800"')
SEEN = {  # what, what comes of it, what came of it in 0.22.0
    "decode to Raw, not UTF-8": (outcome(msgspec.json.Decoder(msgspec.Raw).decode, b'["\xff"]'), "Raw"),
    "decode, not UTF-8": (outcome(msgspec.json.decode, b'["\xff"]'), "UnicodeDecodeError"),
    "convert to int": (outcome(msgspec.convert, half, int), "UnicodeEncodeError"),
    "convert to a choice": (outcome(msgspec.convert, half, Literal["a"]), "UnicodeEncodeError"),
    "convert to a struct": (outcome(msgspec.convert, {half: 1}, Named), "UnicodeEncodeError"),
    "convert another text to int": (outcome(msgspec.convert, "x", int), "ValidationError"),
    "convert to str": (outcome(msgspec.convert, half, str), "str"),
    "encode": (outcome(msgspec.json.encode, half), "UnicodeEncodeError"),
}
for what, (now, then) in SEEN.items():
    print(f"{what}: {now}")
sys.exit("msgspec behaves otherwise now" if any(now != then for now, then in SEEN.values()) else 0)
PYTHON
