"""``scrapy fleet`` end to end: real workers, the demo web and the fleet's own Redis."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.fleet.breadcrumb import read_breadcrumb
from crawlproj.fleet.files import breadcrumb_file, log_file, status_file
from crawlproj.fleet.lock import take_lock
from crawlproj.fleet.server import EmbeddedRedis
from crawlproj.fleet.worker_status import WorkerStatus
from tests import ROOT, servers
from tests.processes import Scrapy, options, scrapy
from tests.servers import need
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def a_server() -> None:
    need(servers.Redis.missing())


class FleetProcess:
    """A fleet in ``folder``; ``output`` is what it has printed when it has ended."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder / "fleet"
        self.store = folder / "pages.db"
        self.output = ""
        settings = {
            "GUARD_ALLOW": "127.0.0.0/8",
            "FLEET_DIR": str(self.folder),
            "STORE_URL": f"sqlite:///{self.store}",
            "SPIDER_MODULES": "crawlproj.spiders,tests.fleet.killer_spider",
        }
        self.process = Scrapy("fleet", "-n", "2", *options(settings), *words)

    def wait(self) -> int:
        """Return its exit status."""
        status = self.process.wait()
        self.output = self.process.output()
        return status

    def status(self, worker: str) -> WorkerStatus | None:
        return WorkerStatus.read(status_file(self.folder, worker))

    def when(self, condition: Callable[[WorkerStatus], bool], worker: str = "1") -> WorkerStatus:
        """Return a worker's status as soon as it satisfies ``condition``."""

        def found() -> WorkerStatus | None:
            status = self.status(worker)
            return status if status is not None and condition(status) else None

        return until(found, self.process)

    def pages(self) -> set[str]:
        with closing(sqlite3.connect(self.store)) as db:
            return {url for (url,) in db.execute("SELECT url FROM pages")}

    def failures(self) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self.store)) as db:
            return db.execute("SELECT url, reason FROM failures").fetchall()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    sites = [SiteSpec(f"site{number}", pages=100, latency_s=0.03) for number in range(6)]
    with DemoWeb(sites, tmp_path / "access.log") as web:
        yield web


def expected(web: DemoWeb) -> set[str]:
    return set[str]().union(*(web.expected(name).pages for name in web.urls))


def urls(web: DemoWeb) -> str:
    return f"url={','.join(web.urls.values())}"


def test_two_workers_share_a_crawl_and_print_one_summary(tmp_path: Path, web: DemoWeb) -> None:
    # Slow enough for both workers to get pages, even on a busy machine.
    slowly = ("-s", "PROGRESS_INTERVAL=1", "-s", "DOWNLOAD_DELAY=0.05")
    parquet = ("-s", f"PARQUET_URL={tmp_path}/rows")
    fleet = FleetProcess(tmp_path, "site", "-a", urls(web), *slowly, *parquet)
    assert fleet.wait() == 0, fleet.output
    assert fleet.pages() == expected(web)
    assert "site: finished (generation 1)" in fleet.output
    assert "2 workers, no restarts" in fleet.output
    pages = re.search(r"Items of this run *\n.*\n +Page +(\d+) +(\d+) +0", fleet.output)
    assert pages is not None, fleet.output
    assert pages[1] == pages[2] == str(len(fleet.pages()))
    shown = "".join(fleet.output.split())  # it is wrapped
    assert f"parquet{tmp_path}/rows:{pages[1]}rowsin" in shown, fleet.output
    assert re.search(r"ttfb +6\d\d ", fleet.output), fleet.output
    assert re.search(r"\d+ done, [\d.]+/s, .* 2 of 2 workers", fleet.output), fleet.output
    shares = [status.done for worker in "12" if (status := fleet.status(worker))]
    assert min(shares) > 50


def test_a_page_that_kills_three_workers_is_failed_and_every_other_page_is_crawled(
    tmp_path: Path, web: DemoWeb
) -> None:
    poison = sorted(web.expected("site3").pages)[50]
    fleet = FleetProcess(tmp_path, "killer", "-a", urls(web), "-a", f"poison={poison}")
    assert fleet.wait() == 0, fleet.output
    assert fleet.pages() == expected(web) - {poison}
    assert fleet.failures() == [(poison, "killed-worker")]
    assert fleet.output.count("(3 of 3 times)") == 1, fleet.output
    assert "failed: killed-worker" in fleet.output
    assert "3 crashed" in fleet.output
    fetched = [line for line in web.log() if poison.endswith(line.path) and line.site == "site3"]
    assert len(fetched) == 3


def test_a_fleet_that_lost_a_worker_was_stopped_and_run_again_crawls_every_page(
    tmp_path: Path, web: DemoWeb
) -> None:
    words = ("site", "-a", urls(web))
    slowly = ("-s", "DOWNLOAD_DELAY=0.2")
    fleet = FleetProcess(tmp_path, *words, *slowly)
    killed = fleet.when(lambda status: status.done > 5)
    os.kill(killed.pid, signal.SIGKILL)
    fleet.when(lambda status: status.pid != killed.pid and status.done > 0)
    fleet.process.send_signal(signal.SIGTERM)
    assert fleet.wait() == 0, fleet.output
    assert "was killed by SIGKILL" in fleet.output
    assert "left for the next run" in fleet.output
    again = FleetProcess(tmp_path, *words)
    assert again.wait() == 0, again.output
    assert again.pages() == expected(web)
    assert "site: finished (generation 1)" in again.output


def left_in_redis(fleet: FleetProcess) -> list[str]:
    """Return the keys of the job's generations that are left in its Redis."""
    with (
        EmbeddedRedis(fleet.folder / "redis") as server,
        Redis.from_url(server.url, decode_responses=True) as client,
    ):
        return [key for key in client.keys("*") if re.search(r":\d+:", key)]


def test_without_persistence_a_roll_of_the_only_worker_loses_no_page(
    tmp_path: Path, web: DemoWeb
) -> None:
    words = ("site", "-n", "1", "-a", urls(web), "-s", "SCHEDULER_PERSIST=False")
    fleet = FleetProcess(tmp_path, *words, "-s", "DOWNLOAD_DELAY=0.1")  # or it ends before the roll
    first = fleet.when(lambda status: status.done > 5)
    fleet.process.send_signal(signal.SIGHUP)
    fleet.when(lambda status: status.pid != first.pid)
    assert fleet.wait() == 0, fleet.output
    assert fleet.pages() == expected(web)
    assert "1 rolled" in fleet.output
    assert left_in_redis(fleet) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's end")
def test_the_workers_of_a_killed_fleet_drain_and_end_though_its_redis_is_gone(
    tmp_path: Path, web: DemoWeb
) -> None:
    fleet = FleetProcess(tmp_path, "site", "-a", urls(web), "-s", "DOWNLOAD_DELAY=0.2")
    for worker in "12":
        fleet.when(lambda status: status.done > 2, worker)
    fleet.process.kill()
    os.close(take_lock(fleet.folder / "workers.lock", PATIENCE_S, "its workers go on"))
    for worker in "12":
        log = log_file(fleet.folder, worker).read_text()
        assert "Spider closed (shutdown)" in log
        assert "forcing unclean shutdown" not in log


@pytest.mark.parametrize("persist", ["True", "False"])
def test_a_stopped_fleet_deletes_its_job_only_without_persistence(
    tmp_path: Path, web: DemoWeb, persist: str
) -> None:
    slowly = ("-s", "DOWNLOAD_DELAY=0.2", "-s", f"SCHEDULER_PERSIST={persist}")
    fleet = FleetProcess(tmp_path, "site", "-a", urls(web), *slowly)
    worker = fleet.when(lambda status: status.done > 5)
    fleet.process.send_signal(signal.SIGTERM)
    os.kill(worker.pid, signal.SIGTERM)  # as systemd does; the other copy is the supervisor's
    time.sleep(0.01)
    fleet.process.send_signal(signal.SIGTERM)
    assert fleet.wait() == 0, fleet.output
    assert "Killing" not in fleet.output
    assert "forcing unclean shutdown" not in log_file(fleet.folder, "1").read_text()
    assert bool(left_in_redis(fleet)) == (persist == "True")


def test_a_wrong_setting_that_only_workers_check_is_logged_once_and_ends_the_fleet(
    tmp_path: Path,
) -> None:
    words = ("site", "-a", "url=http://127.0.0.1:9/", "-s", "CONCURRENCY_LIMIT=x")
    fleet = FleetProcess(tmp_path, *words)
    assert fleet.wait() == 1, fleet.output
    assert fleet.output.count("CONCURRENCY_LIMIT is 'x': choose from knee") == 1
    assert "Traceback" not in fleet.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing",), "there is no spider 'nothing'"),
        (("site",), "-a url is missing"),
        (("site", "url=a.test"), "is written -a url=a.test"),
        (("site", "-n", "0"), "-n must be at least 1"),
        (("site", "-a", "url=a.test", "-s", "FLEET_MAX_MEMORY=x"), "FLEET_MAX_MEMORY must be"),
        (("site", "-a", "url=a.test", "-s", "FRONTIER_URL=sqlite:///a.db"), "cannot share"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_a_plain_message(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    fleet = FleetProcess(tmp_path, *words)
    assert fleet.wait() == 2
    assert message in fleet.output
    assert "Traceback" not in fleet.output


def test_a_second_fleet_in_the_same_folder_is_refused(tmp_path: Path, web: DemoWeb) -> None:
    words = ("site", "-a", urls(web), "-s", "CONCURRENT_REQUESTS=1", "-s", "SHUTDOWN_GRACE=0")
    first = FleetProcess(tmp_path, *words)
    first.when(lambda status: status.done > 0)
    second = FleetProcess(tmp_path, *words)
    assert second.wait() == 2
    assert "another fleet is working on this job" in second.output
    first.process.send_signal(signal.SIGTERM)
    assert first.wait() == 0


def test_closing_the_terminal_stops_the_fleet_in_order(tmp_path: Path, web: DemoWeb) -> None:
    terminal, end = pty.openpty()
    settings = {
        "FLEET_DIR": tmp_path,
        "STORE_URL": f"sqlite:///{tmp_path}/pages.db",
        "GUARD_ALLOW": "127.0.0.0/8",
        "CONCURRENT_REQUESTS": 2,
    }
    fleet = subprocess.Popen(
        [
            *(sys.executable, "-m", "scrapy", "fleet", "-n", "1", "site", "-a", urls(web)),
            *options(settings),
        ],
        cwd=ROOT, stdin=end, stdout=end, stderr=end, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - of no thread's
    )  # fmt: skip
    os.close(end)
    shown = b""
    while b"running" not in shown:
        shown += os.read(terminal, 65536)
    assert "crawlproj · site".encode() in shown
    os.close(terminal)
    assert fleet.wait() == 0
    assert "The terminal was closed" in (tmp_path / "fleet.log").read_text()


@pytest.mark.parametrize("latency", ["1", "0"])
def test_a_workers_noted_page_is_always_the_one_whose_code_runs(
    tmp_path: Path, web: DemoWeb, latency: str
) -> None:
    settings = {
        "GUARD_ALLOW": "127.0.0.0/8",
        "SPIDER_MODULES": "tests.fleet.noting_spider",
        "FRONTIER_URL": "memory:",
        "STORE_URL": "",
        "FLEET_DIR": str(tmp_path),
        "FLEET_WORKER": "1",
        "LATENCY_ENABLED": latency,
        "LOG_LEVEL": "WARNING",
    }
    code, shown = scrapy("crawl", "noting", "-a", f"base={web.url('site0')}", *options(settings))
    assert code == 0, shown
    if latency == "1":
        # 10 pages of each kind with 4, 2, 6 and 1 checks, and the errback's.
        assert "right: 131" in shown, shown
    assert "wrong/generator" not in shown
    assert "wrong/list" not in shown
    assert read_breadcrumb(breadcrumb_file(tmp_path, "1")) is None
    status = json.loads(status_file(tmp_path, "1").read_text())
    assert status["done"] == 40
    assert not log_file(tmp_path, "1").exists()
