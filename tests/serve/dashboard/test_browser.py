"""The dashboard in a browser, beside a crawl of the demo web that runs."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy, options
from tests.serve.dashboard.browser import Chromium, missing
from tests.serve.helpers import failure, fill, page
from tests.servers import need
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from crawlproj.demo.running import LogLine

pytestmark = pytest.mark.slow

HOSTILE = "<script>window.pwned=1</script><img src=//evil.test/x onerror=window.pwned=1>\"'>"
HOSTILE_URL = f"http://hostile.test/?q={HOSTILE}"


class Crawl:
    """A crawl of two sites with its dashboard: one is slow, one fails."""

    def __init__(self, web: DemoWeb, browser: Chromium) -> None:
        self.web = web
        self.browser = browser
        self.site = web.url("slow").split("/")[2]

    def requests(self, since: float) -> list[LogLine]:
        """The requests for the slow site since a time."""
        return [line for line in self.web.log() if line.site == "slow" and line.time > since]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    """A crawl that runs for as long as the tests, whose store has hostile rows besides."""
    need(missing())
    folder = tmp_path_factory.mktemp("dashboard")
    place = f"sqlite:///{folder}/crawl.db"
    fill(
        place,
        [
            page("http://hostile.test/", title=HOSTILE, text=f"needle {HOSTILE}"),
            page(HOSTILE_URL, title="needle", text="needle"),
            failure("http://hostile.test/failed", HOSTILE[:60], detail=HOSTILE),
        ],
    )
    specs = [
        SiteSpec("slow", "slow", pages=20_000, latency_s=0.1),
        SiteSpec("failing", "failing", pages=100),
    ]
    settings = {
        "FRONTIER_URL": place, "STORE_URL": place, "STORE_SEARCH": 1, "SERVE_PORT": 0,
        "GUARD_ALLOW": "127.0.0.0/8", "LOG_LEVEL": "ERROR", "RETRY_TIMES": 0,
        "DOWNLOAD_DELAY": 0.02,
    }  # fmt: skip
    with DemoWeb(specs, folder / "log") as web:
        urls = ",".join(web.urls.values())
        process = Scrapy("crawl", "site", "-a", f"url={urls}", "--serve", *options(settings))
        try:
            until(lambda: "serving " in process.output() or process.poll() is not None)
            found = re.search(r"serving \S+ at (\S+)", process.output())
            assert found, process.output()
            with Chromium(found[1].rstrip("/")) as browser:
                yield Crawl(web, browser)
                assert browser.faults == []
        finally:
            process.kill()


def test_figures_move_while_the_page_is_open(crawl: Crawl) -> None:
    def look(page: Page) -> None:
        page.wait_for_selector("#pictures svg")
        page.wait_for_selector("#live.fresh")
        before = page.inner_text("#numbers")
        page.wait_for_function(
            "text => document.getElementById('numbers').innerText !== text", arg=before
        )
        assert "pages/s" in page.inner_text("#state")
        assert crawl.site in page.inner_text("#sites")

    crawl.browser.show("/", look)


def test_without_javascript_the_page_shows_the_moment(crawl: Crawl) -> None:
    def look(page: Page) -> str:
        return page.inner_text("main")

    shown = crawl.browser.show("/", look, java_script_enabled=False)

    assert "pages/s" in shown
    assert crawl.site in shown


def test_a_site_that_is_paused_hears_nothing_within_two_seconds_until_it_is_resumed(
    crawl: Crawl,
) -> None:
    until(lambda: crawl.requests(time.time() - 1))

    def look(page: Page) -> float:
        paused = time.time()
        page.click("text=Pause")
        page.wait_for_selector("text=paused by dashboard@127.0.0.1")
        page.wait_for_timeout(1000 * max(0.0, paused + 3.5 - time.time()))
        assert crawl.requests(paused + 2) == []
        resumed = time.time()
        page.click("text=Resume")
        page.wait_for_url("**given=*")
        return resumed

    resumed = crawl.browser.show(f"/sites/{crawl.site}", look)

    until(lambda: crawl.requests(resumed))


def test_failures_are_fetched_again_after_a_preview(crawl: Crawl) -> None:
    # The counts of the frontier, of which the page makes its links, may be some seconds old.
    until(lambda: "reason=http-500" in httpx.get(f"{crawl.browser.base}/failures").text)

    def look(page: Page) -> str:
        page.click("text=http-500")
        page.click("text=Fetch these again")
        assert re.search(r"\d+ URLs would change", page.inner_text("h1"))
        page.click("text=/Fetch these .* URLs again/")
        page.wait_for_selector("text=/obeyed by .*: [1-9][0-9]* URLs?/")
        return page.inner_text("#history li:first-child")

    assert "requeue what failed as http-500" in crawl.browser.show("/failures", look)


def test_search_finds_a_page_that_was_stored_a_second_ago(crawl: Crawl) -> None:
    def newest() -> dict[str, object]:
        sql = "SELECT url, title, fetched_at FROM pages ORDER BY fetched_at DESC LIMIT 1"
        asked = httpx.post(f"{crawl.browser.base}/api/query", json={"sql": sql}, timeout=PATIENCE_S)
        answer = asked.raise_for_status().json()
        return dict(zip(answer["columns"], answer["rows"][0], strict=True))

    before = newest()["url"]
    until(lambda: newest()["url"] != before)  # stored just now, however slow the machine is
    row = newest()

    def look(page: Page) -> str:
        page.fill("input[name=q]", f'"{row["title"]}"')
        page.press("input[name=q]", "Enter")
        page.wait_for_selector(".hits")
        return page.inner_text(".hits")

    assert str(row["url"]) in crawl.browser.show(f"/search?site={crawl.site}", look)


CUT = """[...document.querySelectorAll(".table")]
    .filter((table) => table.scrollWidth > table.clientWidth).length"""
PATHS = (
    "/",
    "/sites",
    "/sites/SITE",
    "/limits",
    "/workers",
    "/commands",
    "/failures",
    "/search?q=needle",
    f"/url?url={quote(HOSTILE_URL)}",
    "/url?url=http://hostile.test/failed",
)


def test_no_page_scrolls_sideways_or_runs_what_came_from_the_web(crawl: Crawl) -> None:
    def look(page: Page) -> None:
        for path in PATHS:
            page.goto(path.replace("SITE", crawl.site))
            for width in (360, 768, 910, 1280):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
                assert page.evaluate(CUT) == 0, path
            assert page.evaluate("window.pwned") is None
            assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0

    crawl.browser.show("/", look)
    assert crawl.browser.faults == []
