"""The state of the path as a dashboard shows it: legible in both themes, and within its width on a phone."""

import pytest
from msk_toolkit.probe.matrix import Theme
from msk_toolkit.status.judge import path_status
from msk_toolkit.status.render import render_path
from playwright.sync_api import Browser

from tests.browser.chromium import LEAST_CONTRAST, keep, texts
from tests.fakes.path_facts import faulty_facts

# CloudWatch's dashboard is around the fragment.
PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>status</title></head><body><main>{}</main></body></html>"
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_every_text_is_legible_and_nothing_is_wider_than_the_page(browser: Browser, theme: Theme, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=True)
    try:
        page.set_content(PAGE.format(render_path(path_status(faulty_facts()), theme)))
        keep(page, f"status-{theme}-{width}")
        assert [text for text in texts(page) if text.contrast < LEAST_CONTRAST] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        page.close()
