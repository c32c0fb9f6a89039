"""The cost of the dashboard, in CPU per second: ``python -m benchmarks.dashboard_cost``.

Two crawls fetch the same twenty sites of the demo web at the same time, at five pages/s each: one
publishes no snapshots, the other has a server beside it, whose first page five viewers watch in
every other measurement. Prints how much of a core each process used, and exits with status 1 if the
dashboard costs more than 1 % of one in the crawl or in its server. Takes four minutes.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks.processes import ROOT, WrongResult, environment, stop_when_terminated
from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.lab.system.subprocesses import running
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_SITES, _PAGES_PER_S, _VIEWERS, _ROUNDS = 20, 5, 5, 2
_WARM_UP_S = 20.0
_MOST_PERCENT = 1.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of a core each process used, in percent. bare: the crawl without snapshots."""

    bare: float
    crawl: float
    server: float


def main() -> int:
    """Measure; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard_cost")
    parser.add_argument("--seconds", type=float, default=50.0, help="of each measurement")
    seconds: float = parser.parse_args().seconds
    stop_when_terminated()
    pages = int(_PAGES_PER_S * (2 * _ROUNDS * seconds + 60))
    sites = [SiteSpec(f"site{n}", pages=pages) for n in range(_SITES)]
    alone, watched = [], []
    with tempfile.TemporaryDirectory() as folder, DemoWeb(sites, Path(folder, "log")) as web:
        urls, port = ",".join(web.urls.values()), free_port()
        with (
            _crawl(Path(folder, "bare"), urls) as bare,
            _crawl(Path(folder, "served"), urls, port) as crawl,
        ):
            time.sleep(_WARM_UP_S)
            processes = (bare, crawl, _child_of(crawl))
            for _ in range(_ROUNDS):
                alone.append(_measured(processes, seconds))
                with _watching(port):
                    watched.append(_measured(processes, seconds))
    return _judge(_mean(alone), _mean(watched))


def _mean(rounds: list[Shares]) -> Shares:
    return Shares(
        fmean(one.bare for one in rounds),
        fmean(one.crawl for one in rounds),
        fmean(one.server for one in rounds),
    )


def _judge(alone: Shares, watched: Shares) -> int:
    print("% of a core       crawl without snapshots   crawl   server")
    for what, one in (("nobody watches", alone), (f"{_VIEWERS} viewers", watched)):
        print(f"{what:18}{one.bare:23.2f} {one.crawl:7.2f} {one.server:8.2f}")
    missed = 0
    for what, cost in (
        ("snapshots for nobody, in the crawl", alone.crawl - alone.bare),
        ("snapshots and viewers, in the crawl", watched.crawl - watched.bare),
        ("viewers, in the server", watched.server),
    ):
        met = cost <= _MOST_PERCENT
        missed += not met
        print(f"{'met   ' if met else 'MISSED'} {what}: {cost:.2f} % (≤ {_MOST_PERCENT:g} %)")
    return 1 if missed else 0


@contextmanager
def _crawl(folder: Path, urls: str, port: int = 0) -> Iterator[int]:
    """Crawl; yields the process. port: of a server beside it; 0 for none."""
    folder.mkdir()
    settings = {
        "FRONTIER_URL": f"sqlite:///{folder}/crawl.db",
        "STORE_URL": f"sqlite:///{folder}/crawl.db",
        "GUARD_ALLOW": "127.0.0.0/8",
        "DOWNLOAD_DELAY": 1 / _PAGES_PER_S,
        "RANDOMIZE_DOWNLOAD_DELAY": 0,
        "SERVE_PORT": port,
        "LOG_LEVEL": "ERROR",
    }
    if not port:
        settings["EXTENSIONS"] = '{"crawlproj.extensions.live.LivePublisher": null}'
    words = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    command = [sys.executable, "-m", "scrapy", "crawl", "site", "-a", f"url={urls}", *words]
    command += ["--serve"] if port else []
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running(command, env=environment(ours=True), **quiet) as process:
        yield process.pid
        if process.poll() is not None:
            raise WrongResult(f"the crawl ended with {process.returncode}: it had too few pages")


def _child_of(pid: int) -> int:
    """Return the server beside a crawl."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if not found:
        raise WrongResult("there is no server beside the crawl")
    return int(found[0])


def _measured(processes: tuple[int, int, int], seconds: float) -> Shares:
    before = [_cpu_s(pid) for pid in processes]
    time.sleep(seconds)
    used = [_cpu_s(pid) - since for pid, since in zip(processes, before, strict=True)]
    return Shares(*(100 * each / seconds for each in used))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


@contextmanager
def _watching(port: int) -> Iterator[None]:
    """Let viewers read the events of the first page."""
    viewers = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(_VIEWERS)]

    def read(viewer: socket.socket) -> None:
        while viewer.recv(1 << 16):
            pass

    threads = [threading.Thread(target=read, args=(one,), daemon=True) for one in viewers]
    try:
        for viewer, thread in zip(viewers, threads, strict=True):
            viewer.settimeout(None)
            viewer.sendall(f"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            thread.start()
        time.sleep(2)
        yield
    finally:
        for viewer in viewers:
            viewer.shutdown(socket.SHUT_RDWR)
            viewer.close()


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
