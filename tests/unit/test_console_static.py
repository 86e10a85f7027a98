"""The console's files: small, without markup from strings, and nothing from another host."""

import hashlib
import re
from pathlib import Path

import pytest

from local.console.page import static_files

FOLDER = Path(__file__).parents[2] / "local" / "console" / "static"
VENDOR = FOLDER / "vendor"
OWN = [file for file in FOLDER.iterdir() if file.is_file()]
MAX_LINES = 300
# What makes code or markup of a string. The page's policy refuses them in the browser, too.
SINKS = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\.srcdoc")


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_a_file_is_short_and_its_texts_never_become_markup(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) < MAX_LINES
    assert not SINKS.search(text)
    assert "http://" not in text
    assert "//cdn" not in text


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    text = (FOLDER / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", text)
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert [address for address in addresses if not address.startswith(("/static/", "#", "data:,"))] == []
    for address in addresses:
        if address.startswith("/static/"):
            assert address.removeprefix("/static/") in static_files()


def test_the_vendored_library_is_the_published_one() -> None:
    rows = re.findall(r"\| `(\S+)` \| `([0-9a-f]{64})` \|", (VENDOR / "README.md").read_text())
    assert {name for name, _ in rows} == {file.name for file in VENDOR.iterdir()} - {"README.md"}
    for name, checksum in rows:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum, name
    version = re.search(r"uPlot ([\d.]+)", (VENDOR / "README.md").read_text())
    assert version
    assert f"(v{version[1]})" in (VENDOR / "uPlot.iife.min.js").read_text()


def test_every_module_that_is_imported_is_served() -> None:
    for file in FOLDER.glob("*.js"):
        for name in re.findall(r'from "\./([\w.]+)"', file.read_text()):
            assert name in static_files()
