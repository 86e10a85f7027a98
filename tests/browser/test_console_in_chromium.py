"""The console as a person sees it, in a real browser: narrow to wide, light and dark, healthy and not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import worlds
from tests.browser.chromium import LEAST_CONTRAST, keep, listen, rises, texts
from tests.fakes.console_world import World, serving_world

pytestmark = pytest.mark.enable_socket
WIDTHS = (400, 1280, 1920)
WORLDS: dict[str, Callable[[], World]] = {
    "healthy": worlds.healthy,
    "faulty": worlds.faulty,
    "young": worlds.young,
}


class Look(NamedTuple):
    """What is shown, and how the reader's machine is set."""

    world: str
    width: int
    scheme: Any = "light"
    forced: Any = "none"

    @property
    def name(self) -> str:
        """For the picture's file."""
        return f"console-{self.world}-{self.width}-{self.scheme}-{self.forced}"


LOOKS = [
    *(Look("faulty", width, scheme) for width in WIDTHS for scheme in ("light", "dark")),
    Look("healthy", 400),
    Look("healthy", 1280),
    Look("healthy", 1920, "dark"),
    Look("young", 400, "dark"),
    Look("young", 1280),
    Look("faulty", 1280, "light", "active"),
]
Opens = Callable[[Look], Page]


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the pages of this file have complained of."""
    return []


@pytest.fixture(scope="module")
def open_page(browser: Browser, complaints: list[str]) -> Iterator[Opens]:
    """The page of a world, opened once for each look."""
    with ExitStack() as stack:

        @cache
        def address(world: str) -> str:
            return stack.enter_context(serving_world(WORLDS[world]()))

        @cache
        def go(look: Look) -> Page:
            context = browser.new_context(
                color_scheme=look.scheme, forced_colors=look.forced, viewport={"width": look.width, "height": 900}
            )
            stack.callback(context.close)
            page = context.new_page()
            listen(page, complaints)
            page.goto(address(look.world))
            page.wait_for_selector("body[data-ready]")
            page.wait_for_selector("#letters:not(:has-text('Not read yet'))")
            page.wait_for_selector("#problems:not(:has-text('not read yet'))")
            page.wait_for_selector("#topics li")
            keep(page, look.name)
            return page

        yield go


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def look(request: pytest.FixtureRequest) -> Look:
    assert isinstance(request.param, Look)
    return request.param


@pytest.fixture
def page(open_page: Opens, look: Look) -> Page:
    return open_page(look)


def test_every_text_stands_out_from_what_is_behind_it(page: Page) -> None:
    shown = texts(page)
    assert len(shown) > 30
    assert [text for text in shown if text.contrast < LEAST_CONTRAST] == []


def test_nothing_is_wider_than_the_page(page: Page, look: Look) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= look.width


# Elements with a text of their own that are cut off, or that lie over another such element.
_OVERLAPS = """() => {
  const shown = [...document.querySelectorAll("main *, header *")].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) &&
    !element.closest(".hidden, .scroll, details:not([open]), thead") && element.getClientRects().length &&
    getComputedStyle(element).overflow !== "hidden");  // cut off on purpose, with the whole text as its title
  const boxes = shown.map(element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return [element, range.getBoundingClientRect()];
  });
  const bad = [];
  for (const [one, a] of boxes) {
    for (const [other, b] of boxes) {
      if (one === other || one.contains(other) || other.contains(one)) continue;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (one.parentElement === other.parentElement) continue;
      if (width > 2 && height > 4) bad.push([one.textContent, other.textContent]);
    }
    const section = one.closest("section, header").getBoundingClientRect();
    if (a.right > section.right + 1 || a.left < section.left - 1) bad.push([one.textContent, "outside"]);
  }
  return bad.slice(0, 5);
}"""


def test_no_text_covers_another_or_leaves_its_section(page: Page) -> None:
    assert page.evaluate(_OVERLAPS) == []


def test_headings_leave_out_no_level_and_every_section_has_a_name(page: Page) -> None:
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))")
    assert rises(levels)
    for section in page.locator("section").all():
        name = section.get_attribute("aria-label")
        heading = section.get_attribute("aria-labelledby")
        assert name or page.locator(f"#{heading}").count() == 1


def test_the_four_numbers_and_the_verdict_are_seen_without_scrolling(page: Page) -> None:
    for text in ("#verdict h1", *(f".tile:nth-child({number}) .value" for number in (1, 2, 3, 4))):
        box = page.locator(text).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900, text


def test_the_charts_are_drawn_and_described(open_page: Opens) -> None:
    page = open_page(Look("healthy", 1280))
    page.wait_for_selector(".tile .uplot canvas")
    descriptions = [chart.get_attribute("aria-label") or "" for chart in page.locator(".chart").all()]
    assert len(descriptions) == 5
    assert descriptions[0].startswith("Since ")
    assert "finished: now 352, at most" in descriptions[0]


def test_no_page_complains_of_anything(open_page: Opens, complaints: list[str]) -> None:
    for look in LOOKS:
        open_page(look)
    assert complaints == []
