"""The matrix of brokers and stages as HTML: right without colour, and safe whatever a broker says."""

from html.parser import HTMLParser

import msgspec
import pytest
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.last_run import LastRun
from msk_toolkit.probe.matrix import age, render_matrix
from msk_toolkit.probe.verdict import RUNBOOK
from msk_toolkit.stage import PRODUCER_STAGES, Stage

from tests.fakes.probe_runs import healthy_broker, host, run_of, shown_runs, stopped_broker, warning_broker

STALE = 1800.0
SAFE_TAGS = {"style", "div", "table", "caption", "span", "thead", "tbody", "tr", "th", "td", "b", "p", "a"}


class Reader(HTMLParser):
    """The texts of the cells, row by row; the cells' titles; every other text; every tag and attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")
            self.titles.append(dict(attrs).get("title") or "")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data
        else:
            self.text += data


def read(*shown: LastRun) -> Reader:
    reader = Reader()
    reader.feed(render_matrix(shown, stale_after_seconds=STALE))
    return reader


def test_every_status_is_a_word_and_a_sign_not_only_a_colour() -> None:
    rows = read(LastRun("Probe", run_of(healthy_broker(1), stopped_broker(2)), 1.0)).rows
    assert rows[0] == ["broker", *PRODUCER_STAGES]
    assert rows[1] == ["broker 1 (b-1…:9096)", *["✓ ok 3 ms"] * len(PRODUCER_STAGES)]
    assert rows[2] == ["broker 2 (b-2…:9096)", "✓ ok 3 ms", "✗ FAILS 9 ms", *["- skipped"] * (len(PRODUCER_STAGES) - 2)]


def test_what_fails_or_warns_is_told_below_its_broker_with_cause_detail_and_remedy() -> None:
    rows = read(LastRun("Probe", run_of(stopped_broker(2), warning_broker(3)), 1.0)).rows
    (failed,), (warned,) = rows[2], rows[4]
    assert failed.startswith("✗ tcp FAILS: connection-refused - said")
    assert "What to do: The broker is down or this listener is disabled" in failed
    assert warned.startswith("! tls warns: tls-expires-soon - the certificate expires in 3 days. What to do: Renew")


def test_no_broker_can_put_markup_into_the_page() -> None:
    found = read(*shown_runs())
    assert found.tags <= SAFE_TAGS
    assert found.attributes == {"class", "style", "scope", "title", "rowspan", "colspan", "href"}
    assert any("<script>alert(1)</script>" in title for title in found.titles)


def test_what_all_brokers_share_is_written_once_above_them() -> None:
    reader = read(LastRun("Probe", run_of(stopped_broker(1), stopped_broker(2)), 1.0))
    assert reader.rows[1:] == [
        [
            f"broker {broker} (b-{broker}…:9096)",
            "✓ ok 3 ms",
            "✗ FAILS 9 ms",
            *["- skipped"] * (len(PRODUCER_STAGES) - 2),
        ]
        for broker in (1, 2)
    ]
    assert reader.text.count("What to do: ") == 1


def test_a_stage_that_was_skipped_without_a_fault_has_its_reason_above_the_brokers() -> None:
    skipped = StageResult(Stage.COMMIT, "skipped", detail="another broker coordinates group g (no fault)")
    idle = msgspec.structs.replace(healthy_broker(2), stages=[*healthy_broker(2).stages, skipped])
    text = read(LastRun("Probe", run_of(healthy_broker(1), idle), 1.0)).text
    assert "- commit skipped at broker 2: another broker coordinates group g (no fault)." in text


def test_the_age_of_a_result_is_told_and_an_old_one_is_called_stale() -> None:
    fresh, stale = (
        LastRun("Probe", run_of(healthy_broker(1)), 40.0),
        LastRun("Probe", run_of(healthy_broker(1)), 7300.0),
    )
    assert "Seen 40 seconds ago." in read(fresh).text
    assert "STALE" not in read(fresh).text
    assert "! STALE: seen 2 hours ago" in read(stale).text


def test_a_probe_without_a_result_says_why() -> None:
    found = read(shown_runs()[2])
    assert "Another probe: ? NO RESULT not yet run, or not in the last 48 hours; see the log <x>" in found.text
    assert found.rows == []


def test_the_verdict_stands_above_the_brokers_with_its_remedy_and_the_runbooks_section() -> None:
    text = read(shown_runs()[0]).text
    assert "Producer probe: ! DEGRADED: broker 2" in text
    assert "What to do: The broker is down" in text
    assert f"See {RUNBOOK}#connection-refused." in text
    assert f'href="{RUNBOOK}#connection-refused"' in render_matrix(shown_runs(), stale_after_seconds=STALE)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (1.9, "1 second"), (60, "1 minute"), (7199, "1 hour"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_an_age_is_told_in_one_unit(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_a_dashboard_decides_on_light_or_dark_and_otherwise_the_reader() -> None:
    assert "color-scheme: dark" in render_matrix([], stale_after_seconds=STALE, theme="dark")
    assert "color-scheme: light dark" in render_matrix([], stale_after_seconds=STALE)


def test_a_long_name_is_shortened_and_its_cells_title_has_the_whole() -> None:
    found = read(LastRun("Probe", run_of(healthy_broker(1)), 1.0))
    assert f"broker 1 ({host(1)})" in found.titles


def test_a_short_name_stands_as_it_is() -> None:
    report = msgspec.structs.replace(healthy_broker(1), address="10.0.1.17:9096")
    assert read(LastRun("Probe", run_of(report), 1.0)).rows[1][0] == "broker 1 (10.0.1.17:9096)"
