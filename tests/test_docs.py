"""The documentation names what there is: reasons, metrics, tests. Settings: test_settings.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crawlproj.extensions.metric_families import CrawlCollector, CrawlNow
from crawlproj.frontier.base import Totals
from crawlproj.frontier.live import TICKS_KEPT
from crawlproj.latency.recorder import LatencyRecorder
from crawlproj.parquet import sink
from crawlproj.pipelines import store
from crawlproj.refresh import auto
from crawlproj.serve.lanes.sizes import Sizes
from crawlproj.spiders import rechecks

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs/reference"
README = ROOT / "README.md"
PACKAGE = ROOT / "crawlproj"


def test_every_reason_is_documented() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "crawlproj").rglob("*.py"))
    used = set(re.findall(r'(?:FAILED|SKIPPED), "([a-z-]+)"', code))
    used |= set(re.findall(r'(?:reason|REASON|skip_rest) = ?"([a-z-]+)"', code))
    documented = set(
        re.findall(r"`([a-z]+(?:-[a-z0-9]+)*)`", (REFERENCE / "reasons.md").read_text())
    )
    assert len(used) > 15
    assert used - documented == set()


def test_every_metric_is_documented() -> None:
    now = CrawlNow(
        LatencyRecorder(lambda: 0.0), 0, 0, totals=Totals(), queued=0, pages=0, permits=None
    )
    collector = CrawlCollector(lambda: now, max_sites=1)
    names = {metric.name for metric in collector.collect()}
    documented = set(
        re.findall(
            r"`(crawlproj_[a-z_]+?)(?:_total)?(?:\{[a-z,]+\})?`",
            (REFERENCE / "metrics.md").read_text(),
        )
    )
    assert names == documented


def test_every_stat_is_documented() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "crawlproj").rglob("*.py")]
    calls = re.compile(r"""\b(?:inc_value|set_value|max_value)\(\s*f?"([a-z_]+/[a-z_/]*)""")
    used = {name for text in texts for name in calls.findall(text)}
    page = (REFERENCE / "metrics.md").read_text("utf-8")
    assert len(used) > 10
    scrapys = ("downloader/", "httpcompression/", "depth/")
    assert [name for name in used if f"`{name}" not in page and not name.startswith(scrapys)] == []


def test_every_row_of_the_reliability_table_names_tests_that_exist() -> None:
    lines = (ROOT / "docs/reliability.md").read_text().splitlines()
    rows = [line for line in lines if re.match(r"\| (?!what may happen)[^-]", line)]
    assert len(rows) > 30
    for row in rows:
        named = re.findall(r"`(tests/[\w./]+)`", row.split("|")[-2])
        assert named, f"no test: {row}"
        for path in named:
            assert (ROOT / path).exists(), f"{path} does not exist: {row}"


@pytest.mark.parametrize(
    ("page", "promise", "number", "promised"),
    [
        ("how-to/write-parquet.md", "After ten minutes the crawl ends", sink._GIVE_UP_S, 600),
        ("reliability.md", "At the start it has 20 s to answer", store._FIRST_ANSWER_S, 20),
        ("reference/tables.md", "for the last ten minutes of each worker", TICKS_KEPT, 600),
        ("how-to/crawl-again.md", "once in ten seconds at most", rechecks._MIN_PAUSE_S, 10),
        ("explanation/refresh.md", "less than 10 % likely", auto.MIN_CHANCE, 0.1),
        ("explanation/refresh.md", "twelve hours ago", auto._SITEMAP_S, 12 * 3600),
        ("how-to/serve.md", "which gives each 250 ms", Sizes().fast_s, 0.25),
        ("how-to/serve.md", "ten seconds for each", Sizes().slow_s, 10),
        ("how-to/serve.md", "eight places to wait", Sizes().slow_queue, 8),
        ("how-to/serve.md", "longer than five seconds", Sizes().slow_patience_s, 5),
    ],
)
def test_a_number_is_the_one_that_a_page_promises(
    page: str, promise: str, number: float, promised: float
) -> None:
    assert promise in " ".join((ROOT / "docs" / page).read_text("utf-8").split())
    assert number == promised


def test_imports_go_down_the_map() -> None:
    rows: dict[str, int] = {}
    for number, row in enumerate(
        re.findall(r"^\| (`crawlproj/.*?) \|", README.read_text(), re.MULTILINE)
    ):
        for name in re.findall(r"`(?:crawlproj/)?(\w+)(?:/|\.py)`", row):
            rows[name] = number
    lowest = max(rows.values())  # has the files that have no place of their own
    upwards = set()
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        text = path.read_text()
        used = re.findall(r"^ *from crawlproj\.(\w+)", text, re.MULTILINE)
        used += re.findall(r"^ *from crawlproj import (\w+)", text, re.MULTILINE)
        upwards |= {
            f"{part} imports {name}"
            for name in used
            if rows.get(name, lowest) < rows.get(part, lowest)
        }
    assert len(rows) > 30
    assert upwards == set()
