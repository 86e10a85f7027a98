"""The matrix as a person sees it, in a real browser: in light and dark mode, in forced colours, and without colours."""

import base64
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest
from msk_toolkit.probe.matrix import Theme, render_matrix
from playwright.sync_api import Browser, Page

from tests.browser.chromium import LEAST_CONTRAST, contrast, keep, listen, rises, texts
from tests.fakes.probe_runs import shown_runs

# Answered by the test itself; nothing leaves the browser.
ADDRESS = "http://console.invalid/"
# A fragment has no page of its own: CloudWatch's dashboard is around it.
PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<link rel="icon" href="data:,"><title>matrix</title><style>:root {{ color-scheme: light dark; }} body {{ '
    "color: light-dark(#16191f, #e9ebed); background: light-dark(#ffffff, #0f1b2a); }}</style></head>"
    "<body><h1>Brokers by stage</h1><main>{}</main></body></html>"
)
SIGNS = {"ok": ("✓", "ok"), "warn": ("!", "warns"), "failed": ("✗", "FAILS"), "skipped": ("-", "skipped")}


class Look(NamedTuple):
    """How the reader's machine is set."""

    scheme: Any
    forced: Any = "none"
    theme: Theme = "light dark"

    @property
    def name(self) -> str:
        """For the picture's file."""
        return f"matrix-{self.scheme}-{self.forced}-{self.theme.replace(' ', '-')}"


LOOKS = [
    Look("light"),
    Look("dark"),
    Look("light", "active"),
    Look("dark", "active"),
    # A dashboard has a theme of its own, whatever the reader's machine prefers.
    Look("light", theme="dark"),
    Look("dark", theme="light"),
]
Opens = Callable[[Look], Page]
LIGHT, DARK = LOOKS[:2]


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the pages of this file have complained of."""
    return []


@pytest.fixture(scope="module")
def open_page(browser: Browser, complaints: list[str]) -> Opens:
    """The console's page with one of each result, opened once for each look."""

    @cache
    def go(look: Look) -> Page:
        context = browser.new_context(
            color_scheme=look.scheme, forced_colors=look.forced, viewport={"width": 800, "height": 900}
        )
        body = PAGE.format(render_matrix(shown_runs(), stale_after_seconds=1800, theme=look.theme))
        context.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
        page = context.new_page()
        listen(page, complaints)
        page.goto(ADDRESS)
        keep(page, look.name)
        return page

    return go


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def page(open_page: Opens, request: pytest.FixtureRequest) -> Page:
    return open_page(request.param)


def test_every_text_stands_out_from_what_is_behind_it(page: Page) -> None:
    found = texts(page)
    assert len(found) > 30
    assert [one for one in found if one.contrast < LEAST_CONTRAST] == []


def test_every_status_is_told_by_a_sign_and_a_word(page: Page) -> None:
    for status, (sign, word) in SIGNS.items():
        cells = page.locator(f"td.{status}").all_inner_texts()
        assert cells, status
        assert not [text for text in cells if not text.startswith(sign) or word not in text]


def test_nothing_is_wider_than_the_page(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    assert (
        page.evaluate("Math.max(...[...document.querySelectorAll('body *')].map(e => e.getBoundingClientRect().right))")
        <= 800
    )


def test_no_stages_name_is_broken_and_no_brokers_row_is_taller_than_it_is_wide(page: Page) -> None:
    heights = page.evaluate("[...document.querySelectorAll('thead th')].map(e => e.getBoundingClientRect().height)")
    assert max(heights) < 40
    assert page.evaluate("Math.max(...[...document.querySelectorAll('tbody')].map(e => e.clientHeight))") < 300


@pytest.fixture
def plain(open_page: Opens) -> Page:
    return open_page(LIGHT)


def test_a_screen_reader_finds_its_way(plain: Page) -> None:
    assert plain.locator("table").count() == plain.locator("table > caption").count() == 2
    assert plain.locator("th:not([scope])").count() == 0
    assert plain.locator("thead th[scope=col]").count() > 10
    assert plain.locator("tbody th[scope=rowgroup]").count() == 4
    levels = plain.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))")
    assert rises(levels)


def test_a_failing_brokers_rows_name_its_stage_cause_and_remedy_where_anybody_reads_them(plain: Page) -> None:
    rows = plain.locator("tbody", has=plain.locator("th", has_text="broker 2 (")).first
    told = rows.inner_text()
    assert "✗ tcp FAILS: connection-refused" in told
    assert "What to do: The broker is down or this listener is disabled" in told
    assert "connection-refused" in (rows.locator("td.failed[title]").first.get_attribute("title") or "")


def test_what_a_broker_says_is_text_and_nothing_else(plain: Page) -> None:
    assert plain.locator("main script, main [onclick]").count() == 0
    assert "<script>alert(1)</script>" in plain.locator("tbody", has_text="broker 2 (").first.inner_text()


def test_an_old_result_is_called_stale_and_a_missing_one_missing(plain: Page) -> None:
    captions = plain.locator("caption").all_inner_texts()
    assert ["STALE" in text for text in captions] == [False, True]
    assert "Another probe: ? NO RESULT" in plain.locator("main").inner_text()


# The lightest and the darkest grey in each cell of a picture of the page.
MEASURE = """async ([picture, boxes]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + picture;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  let coloured = 0;
  const all = context.getImageData(0, 0, image.width, image.height).data;
  for (let i = 0; i < all.length; i += 4)
    if (Math.max(all[i], all[i + 1], all[i + 2]) - Math.min(all[i], all[i + 1], all[i + 2]) > 3) coloured++;
  const greys = boxes.map(([x, y, w, h]) => {
    const data = context.getImageData(x, y, w, h).data;
    let darkest = 255, lightest = 0;
    for (let i = 0; i < data.length; i += 4) {
      darkest = Math.min(darkest, data[i]);
      lightest = Math.max(lightest, data[i]);
    }
    return [darkest, lightest];
  });
  return [coloured, greys];
}"""
# Inside of the borders: only the text and what is behind it.
INNER = (
    "td => {const b = td.getBoundingClientRect(); return [b.x + 4, b.y + 4, b.width - 8, b.height - 8].map(Math.round)}"
)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_who_sees_no_colours_reads_every_cell(open_page: Opens, look: Look) -> None:
    page = open_page(look)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})
    picture = base64.b64encode(keep(page, f"{look.name}-achromatopsia")).decode()
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
    boxes = [cell.evaluate(INNER) for cell in page.locator("td").all()]
    coloured, greys = page.evaluate(MEASURE, [picture, boxes])
    assert coloured == 0
    # Thin strokes are drawn with half tones, so that a text's own colour may be nowhere in full.
    weak = [pair for pair in greys if contrast(*_rgb(pair)) < LEAST_CONTRAST]
    assert weak == []


def _rgb(pair: list[int]) -> tuple[str, list[str]]:
    dark, light = (f"rgb({grey}, {grey}, {grey})" for grey in pair)
    return dark, [light]


def test_no_page_complains_of_anything(open_page: Opens, complaints: list[str]) -> None:
    for look in LOOKS:
        open_page(look)
    assert complaints == []


def test_the_measure_of_contrast_is_wcags() -> None:
    assert contrast("rgb(0, 0, 0)", ["rgb(255, 255, 255)"]) == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", ["rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"]) == pytest.approx(4.48, abs=0.01)
