"""A headless Chromium, and what is measured in it: colours and contrast as WCAG counts them."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
# WCAG 2.2, 1.4.3, level AA, for text of this size.
LEAST_CONTRAST = 4.5
_NAMES = ("chromium", "chromium-browser", "google-chrome")

# Every element with text of its own: the text, its colour, and the backgrounds from it to the page's root.
_TEXTS = """() => [...document.querySelectorAll("body *")]
  .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  .filter(one => one.tagName !== "STYLE" && one.getClientRects().length)
  .map(one => {
    const behind = [];
    for (let each = one; each; each = each.parentElement) behind.push(getComputedStyle(each).backgroundColor);
    return {text: one.textContent.trim().slice(0, 60), colour: getComputedStyle(one).color, behind};
  })"""

Colour = tuple[float, float, float, float]


class Text(NamedTuple):
    """A text on the page, and how well it stands out from what is behind it."""

    text: str
    contrast: float


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """The browser of this machine, started with more arguments; skips where there is none, which CI does not allow."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no chromium here; install the Debian package, or name another with CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, timeout=60_000, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def keep(page: Page, name: str) -> bytes:
    """Take a picture of the whole page, also for a person; answers the PNG."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def listen(page: Page, complaints: list[str]) -> None:
    """Note what the page complains of, from now on."""
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def texts(page: Page) -> list[Text]:
    """Every text that is shown."""
    found: list[dict[str, Any]] = page.evaluate(_TEXTS)
    return [Text(one["text"], contrast(one["colour"], one["behind"])) for one in found]


def contrast(colour: str, behind: list[str]) -> float:
    """WCAG's contrast ratio, from 1 to 21, of a text on what is behind it, the nearest first."""
    base: Colour = (255.0, 255.0, 255.0, 1.0)
    for each in reversed(behind):
        base = _over(parsed(each), base)
    lighter, darker = sorted((luminance(_over(parsed(colour), base)), luminance(base)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def parsed(colour: str) -> Colour:
    """``rgb(1, 2, 3)`` or ``rgba(1, 2, 3, 0.5)``, as a browser computes them."""
    numbers = re.fullmatch(r"rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)", colour)
    assert numbers, colour
    red, green, blue, alpha = numbers.groups(default="1")
    return float(red), float(green), float(blue), float(alpha)


def luminance(colour: Colour) -> float:
    """Relative luminance, from 0 to 1."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in colour[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _over(front: Colour, back: Colour) -> Colour:
    alpha = front[3]
    red, green, blue = (one * alpha + other * (1 - alpha) for one, other in zip(front[:3], back[:3], strict=True))
    return red, green, blue, 1.0


def rises(levels: list[int]) -> bool:
    """Whether headings leave out no level."""
    return levels[:1] == [1] and all(later - earlier <= 1 for earlier, later in pairwise(levels))
