"""The console of the running system, in a real browser: its buttons cause faults, and the page names them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from local.system import System
from tests.browser.chromium import LEAST_CONTRAST, chromium, keep, listen, texts

pytestmark = pytest.mark.e2e

# Two probes, of which each stage of a dead broker may take its 5 s; a broker that starts takes as long.
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def page(system: System) -> Iterator[Page]:
    """The page, opened; at the end it has complained of nothing."""
    complaints: list[str] = []
    with chromium() as browser:
        page = browser.new_page(color_scheme="dark", viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        listen(page, complaints)
        page.goto(system.console_url)
        yield page
    assert complaints == []


def press(page: Page, name: str) -> None:
    """Press a button, and wait until the page says what came of it."""
    page.get_by_role("button", name=name, exact=True).click()
    expect(newest_outcome(page)).to_contain_text(re.compile(rf"^[✓✗] .*{name}: "))


def newest_outcome(page: Page) -> Locator:
    return page.locator(".outcomes li").first


def test_probe_now_shows_every_broker_healthy(page: Page) -> None:
    press(page, "Probe now")
    expect(page.locator(".probe.ok")).to_have_count(2)
    expect(page.locator(".probe.ok h3").first).to_contain_text("Producer probe: ✓ HEALTHY")
    expect(page.locator(".matrix td.bad")).to_have_count(0)


def test_a_stopped_broker_is_named_with_stage_and_cause(page: Page, system: System) -> None:
    address = system.kafka.bootstrap("SASL_SSL").split(",")[1]
    press(page, "Stop broker 2")
    try:
        press(page, "Probe now")
        failing = page.locator(".probe.warn")
        expect(failing).to_have_count(2)
        expect(failing.first).to_contain_text(f"broker 2 ({address}) fails at tcp")
        expect(failing.first.locator(".notes")).to_contain_text("✗ tcp FAILS (broker 2): connection-refused")
        keep(page, "console-broker-stopped")
        assert [text for text in texts(page) if text.contrast < LEAST_CONTRAST] == []
    finally:
        press(page, "Start broker 2")
    press(page, "Probe now")
    expect(page.locator(".probe.ok")).to_have_count(2)


def test_records_wait_while_vantiq_is_stopped_and_arrive_behind_that(page: Page) -> None:
    press(page, "Stop Vantiq")
    try:
        press(page, "Write records")
        expect(page.locator(".tile", has_text="Waiting").locator(".value")).not_to_have_text("0")
    finally:
        press(page, "Start Vantiq")
    expect(page.locator(".tile", has_text="Waiting").locator(".value")).to_have_text("0")


def test_a_poison_record_is_set_aside_and_replayed(page: Page) -> None:
    press(page, "Send a poison record")
    row = page.locator("#letters tbody tr", has_text="sensor-readings")
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Show").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Show the record").first.click()
    expect(dialog.locator(".letter")).to_contain_text("must be a number")
    keep(page, "console-letter")
    page.keyboard.press("Escape")
    row.get_by_role("button", name="Replay").click()
    expect(dialog).to_contain_text("Dry run: nothing was sent yet")
    dialog.get_by_role("button", name=re.compile("^Send 1 letter")).click()
    expect(dialog).to_contain_text("1 letter refused again")
    page.keyboard.press("Escape")
