"""Runs one side through one scenario, with the crawl and the web in separate processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import MAXRSS_BYTES, ROOT, environment, failure, wait
from benchmarks.weather_http.measures import figures
from benchmarks.weather_http.observed import Observed
from crawlproj.demo import DemoWeb

if TYPE_CHECKING:
    from benchmarks.weather_http.measures import Figures
    from benchmarks.weather_http.scenario import Scenario, Side

_SPIDER = "benchmarks/weather_http/spider.py"
_ROBOTS = "/robots.txt"
_START_TIMEOUT_S = 10.0
_MIN_PENDING = 32


def once(scenario: Scenario, side: Side) -> Figures:
    """Run and measure one side. Raises WrongResult if its crawl fails."""
    with tempfile.TemporaryDirectory() as folder:
        observed = run(scenario, side, Path(folder))
    judged = [name for name, group in scenario.sites() if group.judged]
    return figures(observed, scenario.weathers(), judged, scenario.duration_s)


def run(scenario: Scenario, side: Side, folder: Path) -> Observed:
    """Crawl for the scenario's duration, then kill the crawl.

    folder: an empty folder for all files of the run.

    Raises WrongResult if the crawl does not start, or ends by itself.
    """
    log = folder / "crawl.log"
    with (
        DemoWeb(scenario.specs(), folder / "access.log", folder / "answers.log") as web,
        log.open("wb") as output,
    ):
        (folder / "sites").write_text("\n".join(web.urls.values()))
        words = command(scenario, side, folder)
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=environment(ours=side.ours),
            stdin=subprocess.DEVNULL,
            stderr=output,
        )
        try:
            began = _began(web, process)
            if began is not None:
                time.sleep(max(0.0, began + scenario.duration_s - time.time()))
            if process.poll() is not None:
                raise failure(words, process.returncode, log)
            process.kill()
            usage = wait(process)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        if began is None:
            raise failure(words, "no request of a page", log)
        server_cpu_s = web.cpu_s()
        requests = [line for line in web.log() if line.path != _ROBOTS]
        answers = [line for line in web.answers() if line.path != _ROBOTS]
    return Observed(
        began,
        requests,
        answers,
        _latencies(folder / "latencies"),
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * MAXRSS_BYTES / 1e6,
        server_cpu_s,
    )


def command(scenario: Scenario, side: Side, folder: Path) -> list[str]:
    """Return the command of a side, without the interpreter; its files are in ``folder``."""
    sites = len(list(scenario.sites()))
    pending = max(_MIN_PENDING, 8 * scenario.in_flight // sites)
    arguments = {
        "sites": folder / "sites",
        "pending": pending,
        "log": folder / "latencies",
    }
    in_flight = scenario.in_flight
    if side.fixed is not None:
        # When a request to a site ends, Scrapy 2.19 starts all waiting ones, whatever the site's
        # limit is (Downloader._process_queue). With one site, this limit holds.
        in_flight = min(in_flight, side.fixed * sites)
    settings = side.settings | {"CONCURRENT_REQUESTS": str(in_flight)}
    if scenario.download_timeout_s is not None:
        settings["DOWNLOAD_TIMEOUT"] = f"{scenario.download_timeout_s:g}"
    if side.ours:
        settings["FRONTIER_URL"] = f"sqlite:///{folder / 'crawl.db'}"
    given = [word for item in arguments.items() for word in ("-a", f"{item[0]}={item[1]}")]
    set_to = [word for item in settings.items() for word in ("-s", "=".join(item))]
    return ["scrapy", "runspider", _SPIDER, *given, *set_to]


def _began(web: DemoWeb, process: subprocess.Popen[bytes]) -> float | None:
    """Return the time of the first request of a page; None if the crawl ends without one."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        for line in web.log():
            if line.path != _ROBOTS:
                return line.time
        time.sleep(0.05)
    return None


def _latencies(path: Path) -> list[tuple[float, float]]:
    if not path.exists():  # no page was received
        return []
    pairs = [line.split("\t") for line in path.read_text().splitlines()]
    return [(float(when), float(latency_s)) for when, latency_s in pairs]
