"""The project's egg deployed to a real scrapyd with a password, and jobs that share a crawl."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import redis

from crawlproj.demo import DemoWeb
from crawlproj.demo.scrapyd import LONG, SETTINGS, SHARED, repeated, totals_of
from crawlproj.demo.scrapyd_server import Scrapyd
from tests import ROOT
from tests.frontier.helpers import run
from tests.servers import Redis
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(Scrapyd.missing()), reason=Scrapyd.missing()),
    pytest.mark.skipif(bool(Redis.missing()), reason=Redis.missing()),
]

PASSWORD = "only-in-the-environment"
ONLY_IN_THE_EGG = """
from crawlproj.spiders.site import SiteSpider


class Deployed(SiteSpider):
    name = "deployed"
"""


class Place:
    """The servers of these tests, with the project deployed."""

    def __init__(self, folder: Path, web: DemoWeb, redis_url: str, scrapyd: Scrapyd) -> None:
        self.folder = folder
        self.web = web
        self.redis_url = redis_url
        self.scrapyd = scrapyd
        # The egg has a spider that this checkout lacks, so a job that finds it runs the egg.
        checkout = scrapyd.pack(folder)
        (checkout / "crawlproj/spiders/deployed.py").write_text(ONLY_IN_THE_EGG)
        self.spiders = scrapyd.deploy(checkout)

    def log(self) -> str:
        """Return scrapyd's own log."""
        return (self.folder / "scrapyd/scrapyd.log").read_text()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    for name in ("redis", "scrapyd"):
        (folder / name).mkdir()
    with DemoWeb([*SHARED, LONG], folder / "access.log") as web, Redis(folder / "redis") as server:
        with redis.Redis.from_url(server.url()) as client:
            client.config_set("requirepass", PASSWORD)
        redis_url = server.url().replace("//", f"//:{PASSWORD}@")
        environment = {
            "CRAWLPROJ_REDIS_URL": redis_url,
            "CRAWLPROJ_STORE_URL": f"sqlite:///{folder}/pages.db",
        }
        with Scrapyd(folder / "scrapyd", environment) as scrapyd:
            yield Place(folder, web, redis_url, scrapyd)


def test_a_request_without_the_password_is_refused(place: Place) -> None:
    with pytest.raises(HTTPError, match="401"):
        urlopen(f"{place.scrapyd.url}/daemonstatus.json")  # noqa: S310 - http, ours


def test_the_egg_contains_the_spiders_and_every_data_file(place: Place) -> None:
    assert {"deployed", "site", "urls"} <= set(place.spiders)
    data = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "crawlproj").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    (egg,) = place.folder.glob("scrapyd/eggs/crawlproj/*.egg")
    with zipfile.ZipFile(egg) as packed:
        assert data - set(packed.namelist()) == set()


def test_two_jobs_share_one_crawl_without_fetching_a_page_twice(place: Place) -> None:
    names = [spec.name for spec in SHARED]
    arguments = {"url": ",".join(place.web.url(name) for name in names)}
    reports = [place.folder / f"report-{number}.html" for number in range(2)]
    jobs = [
        place.scrapyd.schedule("deployed", {**SETTINGS, "REPORT": str(report)}, arguments)
        for report in reports
    ]
    place.scrapyd.wait(jobs, PATIENCE_S)
    wanted = set[str]().union(*(place.web.expected(name).pages for name in names))
    with closing(sqlite3.connect(place.folder / "pages.db")) as db:
        assert {url for (url,) in db.execute("SELECT url FROM pages")} == wanted
    assert not repeated(place.web, wanted)
    # Each job crawled a part, and no page came from both.
    first, second = ({item["url"] for item in place.scrapyd.items(job)} for job in jobs)
    assert first
    assert second
    assert not first & second
    assert first | second >= wanted
    for job, report in zip(jobs, reports, strict=True):
        assert "Process finished" in place.scrapyd.ending(job), "its exit status was not 0"
        log = place.scrapyd.log(job)
        assert "finished (generation 1)" in log
        assert "Traceback" not in log
        assert "\x1b" not in log, "it drew a display although there is no terminal"
        assert "<html" in report.read_text(), "the report was not rendered from the egg's data"


def test_a_cancelled_job_drains_and_gives_its_leases_back(place: Place) -> None:
    url = place.web.url(LONG.name)
    job = place.scrapyd.schedule("site", SETTINGS, {"url": url})
    until(lambda: sum(line.site == LONG.name for line in place.web.log()) >= 100)
    place.scrapyd.cancel(job)
    place.scrapyd.wait([job], PATIENCE_S)
    assert "Process finished" in place.scrapyd.ending(job), "its exit status was not 0"
    assert "stopped (shutdown)" in place.scrapyd.log(job)
    totals = run(totals_of(place.redis_url, f"site host {url}/"))
    assert totals.leased == 0
    assert totals.pending > 0
    # Every answered page was stored: draining discards nothing.
    answered = {line.path for line in place.web.log() if line.site == LONG.name}
    pages = {item["url"] for item in place.scrapyd.items(job)}
    assert pages == {url + path for path in answered - {"/robots.txt", "/sitemap.xml"}}
    assert totals.done == len(pages)


def test_no_log_contains_the_password_of_redis(place: Place) -> None:
    logs = [path.read_text() for path in place.folder.glob("scrapyd/logs/*/*/*.log")]
    assert PASSWORD not in "".join([place.log(), *logs])


def test_sigterm_ends_the_demo_and_what_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crawlproj.demo.scrapyd"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        assert demo.stdout is not None
        assert any("Deploy the project" in line for line in demo.stdout)
        demo.terminate()
        rest = demo.stdout.read()
    assert "all its processes with it" in rest, f"status {demo.returncode}: {rest}"
    assert demo.returncode == 130
