"""The console's buttons and dialogs in a real browser: by keyboard, with hostile records, and when something fails."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import keep, listen
from tests.browser.worlds import faulty, healthy
from tests.fakes.console_world import MARKUP, World, serving_world

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def world() -> World:
    return faulty()


@pytest.fixture
def page(browser: Browser, world: World) -> Iterator[Page]:
    """The page of the world; at the end it has complained of nothing."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        with serving_world(world) as address:
            page = context.new_page()
            listen(page, complaints)
            page.goto(address)
            expect(page.locator("#letters tbody tr")).to_have_count(2)
            yield page
            page.close()
    finally:
        context.close()
    assert complaints == []


def test_a_records_markup_is_text_wherever_it_is_shown(page: Page) -> None:
    page.locator("#letters").get_by_role("button", name="Show the letters").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Reason").click()
    expect(dialog.locator(".letter")).to_contain_text("refused 400 io.vantiq.value.invalid")
    assert MARKUP not in dialog.inner_text()
    dialog.get_by_role("button", name="Show the record").click()
    expect(dialog.locator(".letter")).to_contain_text(f"invalid: {MARKUP}")
    expect(dialog.locator("pre")).to_contain_text("<script>document.title=2</script>")
    expect(dialog.locator(".letter")).to_contain_text("not UTF-8, 2 bytes: ff fe")
    expect(dialog.locator(".letter")).to_contain_text("trace: <b>")
    keep(page, "console-dialog-letter")
    page.keyboard.press("Escape")
    page.locator("#alarms details summary").first.click()
    expect(page.locator("#alarms pre")).to_contain_text(MARKUP)
    assert page.locator("img, script:not([src])").count() == 0
    assert page.title().startswith("✗ DOWN")


def test_a_replay_is_sent_only_behind_its_dry_run(page: Page, world: World) -> None:
    page.locator("#letters").get_by_role("button", name="Replay ...", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Dry run: nothing was sent yet")
    expect(dialog).to_contain_text("2 letters of orders, partition 0 (refused io.vantiq.value.invalid)")
    assert [event for event in world.redrive.events if event.get("dry_run") is False] == []
    keep(page, "console-dialog-replay")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("✓ 1 letter delivered")
    expect(dialog).to_contain_text("! 1 letter refused again")
    sent = [event for event in world.redrive.events if event.get("dry_run") is False]
    assert sent == [{"action": "replay", "dry_run": False, "topic": "orders", "reason": "refused"}]


def test_a_dialog_that_is_closed_does_nothing(page: Page, world: World) -> None:
    page.locator("#letters").get_by_role("button", name="Replay all").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("#topics").get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert (world.applied, [event for event in world.redrive.events if event.get("dry_run") is False]) == ([], [])


def test_the_plan_that_was_shown_is_the_one_that_is_applied(page: Page, world: World) -> None:
    page.locator("#topics").get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply exactly this plan").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 change made.")
    assert world.applied == [world.plan["plan"]]


def test_a_fault_is_caused_and_ended_by_keyboard_and_the_focus_stays(page: Page, world: World) -> None:
    page.get_by_role("button", name="Stop Vantiq").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start Vantiq")).to_be_focused()
    expect(page.locator("#try-log li").first).to_contain_text("Stop Vantiq: vantiq is off")
    expect(page.locator(".node", has_text="Vantiq").last).to_contain_text("You stopped it")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Stop Vantiq")).to_be_focused()
    assert world.done == ["vantiq is off", "vantiq is on"]


def test_the_focus_is_seen_and_goes_from_top_to_bottom(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    places = []
    for _ in range(12):
        page.keyboard.press("Tab")
        places.append(page.evaluate("document.activeElement.closest('section')?.id"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"
    order = ["tiles", "problems", "path", "try"]
    assert [place for place in order if place in places] == [*dict.fromkeys(places)][: len(set(places))]


def test_a_part_behind_a_disabled_mapping_is_not_blamed(page: Page, world: World) -> None:
    world.status["problems"] = [problem for problem in world.status["problems"] if problem["part"] == "mapping"]
    expect(page.locator(".node", has_text="Forwarder")).to_contain_text("Receives nothing: see the mapping")
    expect(page.locator(".node.bad", has_text="Mapping")).to_contain_text("Disabled: sensor-readings")


def test_brokers_that_were_healthy_before_one_was_stopped_are_not_called_well(page: Page, world: World) -> None:
    world.status["brokers"] = {"health": "healthy", "summary": "", "brokers": [{"name": "broker 1", "healthy": True}]}
    kafka = page.locator(".node.warn", has_text="Kafka")
    expect(kafka).to_contain_text("1 of 1 broker healthy at the last probe; you stopped broker 2")


def test_nothing_arriving_is_said_before_a_function_has_reported_why(page: Page, world: World) -> None:
    world.status["problems"] = []
    world.status["health"] = "healthy"
    expect(page.locator("#verdict")).to_contain_text("WAITING")
    expect(page.locator("#verdict")).to_contain_text("no error reported yet")
    expect(page.locator(".topics tbody").first).not_to_contain_text("✓")


def test_a_problem_names_cause_remedy_command_and_a_link_to_the_runbook(page: Page) -> None:
    worst = page.locator(".problem").first
    expect(worst).to_contain_text("✗ Error: ")
    expect(worst).to_contain_text("What to do: ")
    expect(worst.locator("code")).to_contain_text("mskv mapping enable sensor-readings")
    assert (worst.locator("a").first.get_attribute("href") or "").startswith("https://")


def test_equal_failures_are_one_line_with_the_reason_of_what_was_skipped(page: Page) -> None:
    notes = page.locator(".probe").first.locator(".notes li").all_inner_texts()
    assert notes == [
        "✗ tcp FAILS (broker 2): connection-refused: Connection refused",
        "- tls, sasl, metadata, acl, produce, fetch skipped (broker 2): an earlier one failed",
    ]


def test_a_console_that_is_gone_is_named_and_the_numbers_are_not_called_current(browser: Browser) -> None:
    page = browser.new_page()
    with serving_world(healthy()) as address:
        page.goto(address)
        expect(page.locator("#verdict")).to_contain_text("HEALTHY")
    expect(page.locator("#verdict")).to_contain_text("NOT CONNECTED", timeout=20_000)
    expect(page.locator("#verdict")).to_contain_text("make up")
    expect(page.locator("#verdict")).to_contain_text("What is below is of ")
    page.close()
