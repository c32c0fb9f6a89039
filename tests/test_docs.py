"""The documentation names what there is: reasons, metrics, tests. Settings: test_settings.py."""

from __future__ import annotations

import re
from pathlib import Path

from crawlproj.extensions.metric_families import CrawlCollector, CrawlNow
from crawlproj.frontier.base import Totals
from crawlproj.latency.recorder import LatencyRecorder

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
