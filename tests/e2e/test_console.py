"""The console's page of the running system, in a real browser: a stopped broker is named."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from local.console.page import REFRESH_SECONDS
from local.system import System
from tests.browser.chromium import LEAST_CONTRAST, chromium, keep, listen, texts

pytestmark = pytest.mark.e2e

STOPPED = 2
# Two probes, of which each stage of a dead broker may take its 5 s.
PROBED_MS = 60_000


@pytest.fixture(scope="module")
def page(system: System) -> Iterator[Page]:
    """The page, opened; at the end it has complained of nothing."""
    complaints: list[str] = []
    with chromium() as browser:
        page = browser.new_page(color_scheme="dark", viewport={"width": 800, "height": 900})
        page.set_default_timeout(PROBED_MS)
        listen(page, complaints)
        page.goto(system.console_url)
        yield page
    assert complaints == []


def probe_now(page: Page) -> None:
    with page.expect_navigation(url=re.compile("/$")):
        page.get_by_role("button", name="Run probes now").click()


def captions(page: Page) -> list[str]:
    return page.locator("caption").all_inner_texts()


def test_both_probes_last_results_are_shown(page: Page) -> None:
    probe_now(page)
    producer, consumer = captions(page)
    assert producer.startswith("Producer probe: ✓ HEALTHY: all 3 brokers pass every stage")
    assert consumer.startswith("Consumer probe: ✓ HEALTHY: all 3 brokers pass every stage")
    assert re.search(r"Seen \d+ seconds? ago", producer)
    assert page.locator("td.failed").count() == 0


def test_the_page_asks_for_itself_again(page: Page) -> None:
    with page.expect_navigation(timeout=(REFRESH_SECONDS + 10) * 1000):
        pass
    expect(page.locator("caption")).to_have_count(2)


def test_a_stopped_broker_is_named_with_stage_and_cause(page: Page, system: System) -> None:
    address = system.kafka.bootstrap("SASL_SSL").split(",")[STOPPED - 1]
    system.kafka.stop_broker(STOPPED)
    try:
        probe_now(page)
        keep(page, "console-broker-stopped")
        for caption in captions(page):
            assert f"! DEGRADED: broker {STOPPED} ({address}) fails at tcp" in caption
        failing = page.locator("tbody", has=page.locator("td.failed"))
        assert {row.split("\n")[0].split("\t")[0] for row in failing.all_inner_texts()} == {
            f"broker {STOPPED} ({address})"
        }
        assert "✗ tcp FAILS: connection-refused" in failing.first.inner_text()
        assert [text for text in texts(page) if text.contrast < LEAST_CONTRAST] == []
    finally:
        system.kafka.start_broker(STOPPED)
    probe_now(page)
    assert "HEALTHY" in captions(page)[0]
