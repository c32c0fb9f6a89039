"""One run: a model on a load, in a fresh process, with the site's counts as the check."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.loads import ideal_s
from crawlproj.lab.fetch.toolkit.job import FetchedPage, JobSpec, Usage, read_records
from crawlproj.lab.figures import percentile
from crawlproj.lab.system.process_memory import pss_bytes
from crawlproj.lab.system.subprocesses import failure_reason, running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.fetch.loads import Load
    from crawlproj.lab.fetch.models.table import FetchModel
    from crawlproj.lab.fetch.site.server import SiteCounts
    from crawlproj.lab.fetch.site.targets import Target

_MIN_SAMPLE_S, _MAX_SAMPLE_S = 0.05, 0.25  # between samples of memory
_SAMPLING_SHARE = 0.03  # of the time that sampling may take, if the interval allows it
_TIMEOUT_FACTOR, _MIN_TIMEOUT_S = 20.0, 30.0  # times the ideal; includes some seconds to start


class RunFailed(Exception):
    """A model did not fetch all pages as it should; the message says what happened."""


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of a run.

    ideal_per_s: pages/s if waiting for the site were all there is. efficiency: the share of it
    that was reached. user_ms, system_ms: CPU per page. voluntary, involuntary: context switches
    per page. pss_mb: the peak of the process tree. p50_s, p99_s: latency.
    max_in_flight, max_connections, connections_opened: as the site saw them; None if it is not the
    lab's. site_busy: share of one core that the site used; near 1, the site was the limit.
    """

    pages: int
    wall_s: float
    pages_per_s: float
    ideal_per_s: float
    efficiency: float
    user_ms: float
    system_ms: float
    voluntary: float
    involuntary: float
    pss_mb: float | None
    p50_s: float
    p99_s: float
    max_in_flight: int | None
    max_connections: int | None
    connections_opened: int | None
    site_busy: float | None

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per page."""
        return self.user_ms + self.system_ms


def run_model(model: FetchModel, load: Load, pages: int, target: Target) -> Run:
    """Run a model on a load.

    Raises RunFailed, also if the site's counts show that a page was not fetched exactly once, or
    that more requests were in flight than allowed.
    """
    latencies = target.prepare(pages)
    ideal = ideal_s([each + load.parse_ms / 1000 for each in latencies], load.in_flight)
    with tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder:
        spec = JobSpec(
            target.host, target.port, target.prefix, pages, load.in_flight, load.workers,
            load.parse_ms, target.marked, folder, target.sites,
        )  # fmt: skip
        pss = _run_process(model, spec, max(_MIN_TIMEOUT_S, _TIMEOUT_FACTOR * ideal))
        fetched, usage = read_records(Path(folder))
    counts = target.counts()
    check(fetched, counts, load, pages)
    return _run(fetched, usage, ideal, pss, counts)


def check(
    fetched: Sequence[FetchedPage], counts: SiteCounts | None, load: Load, pages: int
) -> None:
    """Raise RunFailed unless each page was fetched exactly once, within the load."""
    times = Counter(each.page for each in fetched)
    if wrong := [page for page in range(pages) if times[page] != 1]:
        raise RunFailed(f"{len(wrong)} of {pages} pages were not finished exactly once")
    if counts is None:
        return
    if counts.fetched_once != pages:
        page, requests = next(iter(counts.wrong.items()))
        raise RunFailed(f"the site received {requests} requests for page {page}")
    if counts.max_in_flight > load.in_flight:
        raise RunFailed(
            f"{counts.max_in_flight} requests were in flight; {load.in_flight} are allowed"
        )


def _run_process(model: FetchModel, spec: JobSpec, timeout_s: float) -> int | None:
    """Run the model's process to its end; return the peak memory of its tree, in bytes."""
    command = [sys.executable, "-m", "crawlproj.lab.fetch.child", model.name, spec.to_json()]
    peak: int | None = None
    deadline = time.monotonic() + timeout_s
    with tempfile.TemporaryFile("w+") as log:
        with running(command, stdout=log, stderr=log) as process:
            pause = _MIN_SAMPLE_S
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(pause)
                    break
                sampled = time.monotonic()
                if sampled > deadline:
                    raise RunFailed(f"it did not finish within {timeout_s:.0f} s")
                size = pss_bytes(process.pid)
                peak = max(peak or 0, size) if size else peak
                # A sample of many processes takes CPU, which the model should have.
                took = time.monotonic() - sampled
                pause = min(max(_MIN_SAMPLE_S, took / _SAMPLING_SHARE), _MAX_SAMPLE_S)
        if status := process.returncode:
            log.seek(0)
            raise RunFailed(failure_reason(log.read(), f"it ended with status {status}"))
    return peak


def _run(
    fetched: Sequence[FetchedPage],
    usage: Usage,
    ideal: float,
    pss: int | None,
    counts: SiteCounts | None,
) -> Run:
    pages = len(fetched)
    wall_s = max(each.parsed for each in fetched) - usage.started
    latencies = [each.arrived - each.started for each in fetched]
    return Run(
        pages=pages,
        wall_s=wall_s,
        pages_per_s=pages / wall_s,
        ideal_per_s=pages / ideal,
        efficiency=ideal / wall_s,
        user_ms=usage.user_s * 1000 / pages,
        system_ms=usage.system_s * 1000 / pages,
        voluntary=usage.voluntary / pages,
        involuntary=usage.involuntary / pages,
        pss_mb=pss / 1e6 if pss else None,
        p50_s=percentile(latencies, 0.5),
        p99_s=percentile(latencies, 0.99),
        max_in_flight=counts.max_in_flight if counts else None,
        max_connections=counts.max_connections if counts else None,
        connections_opened=counts.connections_opened if counts else None,
        site_busy=counts.cpu_s / wall_s if counts else None,
    )
