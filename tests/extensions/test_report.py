"""The report of real crawls."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy, options
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import Redis


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    specs = [
        SiteSpec("plain", "plain", 30),
        SiteSpec("slow", "slow", 60),
        SiteSpec("bad", "failing", 30),
    ]
    with DemoWeb(specs, tmp_path / "access.log") as running:
        yield running


def start(web: DemoWeb, report: Path, interval_s: float = 60, frontier: str = "memory:") -> Scrapy:
    settings = {
        "FRONTIER_URL": frontier,
        "STORE_URL": "",
        "GUARD_ALLOW": "127.0.0.0/8",
        "RETRY_TIMES": 1,
        "LOG_LEVEL": "WARNING",
        "REPORT": report,
        "REPORT_INTERVAL": interval_s,
    }
    return Scrapy("crawl", "site", "-a", f"url={','.join(web.urls.values())}", *options(settings))


def ended(process: Scrapy) -> tuple[int, str]:
    return process.wait(), process.output()


def wait_for(path: Path, process: Scrapy) -> None:
    until(path.exists, process)
    assert process.poll() is None, "the crawl ended too early"


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_crawl_writes_a_page_and_data_that_add_up(web: DemoWeb, tmp_path: Path) -> None:
    code, shown = ended(start(web, tmp_path / "report.html"))
    assert code == 0, shown
    made = read(tmp_path / "report.json")
    summary, at = made["summary"], made["timeline"]
    assert made["crawl"]["state"] == "finished"
    assert summary["pages"] == sum(made["sites"]["done"]) > 60
    spans = at["span_s"]
    counted = sum(rate * span for rate, span in zip(at["pages_per_s"], spans, strict=True))
    assert counted == pytest.approx(summary["pages"], rel=0.01)
    assert summary["errors"]["http-404"] > 0
    assert summary["ttfb_s"]["count"] > summary["pages"]
    assert made["phases"]["callback"]["count"] > 0
    assert len(made["sites"]["site"]) == len(web.urls)
    assert max(at["in_flight_most"]) >= 1
    assert at["limit"][-1] > 0, "nothing is in flight any more, but the limits are what they were"
    assert set(made["decisions"]) == set(made["site_timelines"])
    page = (tmp_path / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert made["sites"]["site"][0] in page
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.usefixtures("client")
def test_the_report_names_the_frontier_with_secrets_masked(
    web: DemoWeb, tmp_path: Path, server: Redis
) -> None:
    frontier = f"{server.url()}?client_name=s3cret"
    code, shown = ended(start(web, tmp_path / "report.html", frontier=frontier))
    assert code == 0, shown
    assert f"frontier {server.url()}?***" in read(tmp_path / "report.json")["crawl"]["places"]
    for path in tmp_path.iterdir():
        assert "s3cret" not in path.read_text()


def test_a_crawl_that_is_killed_leaves_its_latest_report(web: DemoWeb, tmp_path: Path) -> None:
    process = start(web, tmp_path / "report.json", interval_s=1)
    wait_for(tmp_path / "report.json", process)
    process.kill()
    made = read(tmp_path / "report.json")
    assert made["crawl"]["state"] == "running"
    assert len(made["timeline"]["start_s"]) >= 1
    assert not (tmp_path / "report.html").exists()


def test_a_failure_to_write_the_report_is_logged_and_the_crawl_continues(
    web: DemoWeb, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    process = start(web, tmp_path / "folder/report.json", interval_s=1)
    wait_for(tmp_path / "folder/report.json", process)
    shutil.rmtree(tmp_path / "folder")
    code, shown = ended(process)
    assert code == 0
    assert "Cannot write the report" in shown
    assert "finished (generation 1)" in shown


def test_a_wrong_folder_is_an_error_before_anything_is_fetched(
    web: DemoWeb, tmp_path: Path
) -> None:
    code, shown = ended(start(web, tmp_path / "missing/report.html"))
    assert code == 2
    assert "REPORT must be in an existing folder" in shown
    assert "Traceback" not in shown
    assert web.log() == []
