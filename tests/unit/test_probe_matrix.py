"""The matrix of brokers and stages as HTML: right without colour, and safe whatever a broker says."""

from html.parser import HTMLParser

from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.matrix import matrix, page
from msk_toolkit.probe.report import BrokerReport
from msk_toolkit.probe.verdict import verdict

STAGES = ("dns", "tcp", "tls", "commit")
REPORTS = [
    BrokerReport(1, "b-1:9096", [StageResult(stage, "ok", 3.2) for stage in STAGES[:3]]),
    BrokerReport(
        2,
        "b-2:9096",
        [
            StageResult("dns", "warn", 1.0, cause="x", detail="slow"),
            StageResult("tcp", "failed", 9.0, cause="connection-refused", detail='said <b>"no"</b>', remedy="look"),
            StageResult("tls", "skipped"),
        ],
    ),
]


class Reader(HTMLParser):
    """The texts of the cells, row by row, and the cells' titles."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.tags: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_cell = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        if self._in_cell:
            self.rows[-1].append("")
            self.titles.append(dict(attrs).get("title") or "")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_every_status_is_a_word_and_a_sign_not_only_a_colour() -> None:
    assert read(matrix(verdict(REPORTS), REPORTS, STAGES)).rows == [
        ["broker", "dns", "tcp", "tls"],
        ["broker 1 (b-1:9096)", "✓ ok 3 ms", "✓ ok 3 ms", "✓ ok 3 ms"],
        ["broker 2 (b-2:9096)", "! warns 1 ms", "✗ FAILS 9 ms", "- skipped"],
    ]


def test_a_cell_tells_cause_detail_and_remedy_and_no_broker_can_put_markup_into_the_page() -> None:
    found = read(page([matrix(verdict(REPORTS), REPORTS, STAGES)]))
    assert 'connection-refused | said <b>"no"</b> | look' in found.titles
    assert "b" not in found.tags
    assert "script" not in found.tags


def test_the_page_follows_the_readers_light_or_dark_mode() -> None:
    text = page([matrix(verdict(REPORTS), REPORTS, STAGES)])
    assert "color-scheme: light dark" in text
    assert "light-dark(" in text
