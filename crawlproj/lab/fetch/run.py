"""One run: a model on a load, in a fresh process, watched from outside."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crawlproj.lab.fetch.job import Fetched, JobSpec, Usage, results
from crawlproj.lab.fetch.loads import ideal_s
from crawlproj.lab.figures import percentile
from crawlproj.lab.system.process_memory import pss_bytes
from crawlproj.lab.system.subprocesses import started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.fetch.loads import Load
    from crawlproj.lab.fetch.models.table import Model
    from crawlproj.lab.fetch.site.server import Account

_SAMPLE_S, _RAREST_SAMPLE_S = 0.05, 0.25  # between looks at memory, least and most
_SAMPLING_SHARE = 0.03  # of the time that these may take, where they can be that rare
_SLOWEST, _LEAST_TIMEOUT_S = 20.0, 30.0  # times the ideal; a start of some seconds included


class Target(Protocol):
    """Where the pages are."""

    host: str
    port: int
    prefix: str
    marked: bool
    sites: int

    def prepare(self, pages: int) -> Sequence[float]:
        """Make ready for pages 0 to ``pages`` - 1; returns the seconds each will take."""

    def account(self) -> Account | None:
        """Return what was asked for since; None if nobody can know."""


class RunBroke(Exception):
    """A model did not get through: the message says what happened."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was like. Per page: cpu in ms, switches of context. ideal_per_s: by waiting alone.

    most_in_flight: that the site saw; connections: at once, opened: in all; None where the site is
    not ours. site_busy: share of one core that the site used; near 1 it was the limit.
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
    most_in_flight: int | None
    connections: int | None
    opened: int | None
    site_busy: float | None

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per page."""
        return self.user_ms + self.system_ms


def measure(model: Model, load: Load, pages: int, target: Target) -> Run:
    """Run a model on a load; raises RunBroke.

    What it fetched is checked against what the site saw: each page exactly once, never more in
    flight than allowed.
    """
    latencies = target.prepare(pages)
    ideal = ideal_s([each + load.parse_ms / 1000 for each in latencies], load.in_flight)
    with tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder:
        spec = JobSpec(
            target.host, target.port, target.prefix, pages, load.in_flight, load.workers,
            load.parse_ms, target.marked, folder, target.sites,
        )  # fmt: skip
        pss = _watch(model, spec, max(_LEAST_TIMEOUT_S, _SLOWEST * ideal))
        fetched, usage = results(Path(folder))
    account = target.account()
    check(fetched, account, load, pages)
    return _run(fetched, usage, ideal, pss, account)


def check(fetched: Sequence[Fetched], account: Account | None, load: Load, pages: int) -> None:
    """Raise RunBroke unless each page was fetched exactly once, within the bound."""
    times = Counter(each.page for each in fetched)
    if wrong := [page for page in range(pages) if times[page] != 1]:
        raise RunBroke(f"{len(wrong)} of {pages} pages were not finished exactly once")
    if account is None:
        return
    if account.once != pages:
        page, asked = next(iter(account.wrong.items()))
        raise RunBroke(f"the site was asked for page {page} {asked} times")
    if account.in_flight > load.in_flight:
        raise RunBroke(f"{account.in_flight} requests were in flight, allowed: {load.in_flight}")


def _watch(model: Model, spec: JobSpec, timeout_s: float) -> int | None:
    """Run the process to its end; returns the most memory its tree had, in bytes."""
    command = [sys.executable, "-m", "crawlproj.lab.fetch.child", model.name, spec.to_json()]
    most: int | None = None
    deadline = time.monotonic() + timeout_s
    with tempfile.TemporaryFile("w+") as log:
        with started(command, stdout=log, stderr=log) as process:
            pause = _SAMPLE_S
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(pause)
                    break
                looked = time.monotonic()
                if looked > deadline:
                    raise RunBroke(f"it was not through after {timeout_s:.0f} s")
                size = pss_bytes(process.pid)
                most = max(most or 0, size) if size else most
                # A look at many processes takes time, which must not be the model's.
                took = time.monotonic() - looked
                pause = min(max(_SAMPLE_S, took / _SAMPLING_SHARE), _RAREST_SAMPLE_S)
        if process.returncode:
            log.seek(0)
            raise RunBroke(_reason(log.read(), process.returncode))
    return most


def _reason(log: str, status: int) -> str:
    """Return the last thing that was said."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and line[:1] != " "]
    said = [line for line in lines if not line.startswith(("Traceback", "+", "|"))]
    return said[-1][:200] if said else f"it ended with status {status}"


def _run(
    fetched: Sequence[Fetched],
    usage: Usage,
    ideal: float,
    pss: int | None,
    account: Account | None,
) -> Run:
    pages = len(fetched)
    wall_s = max(each.parsed for each in fetched) - usage.began
    waits = [each.arrived - each.began for each in fetched]
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
        p50_s=percentile(waits, 0.5),
        p99_s=percentile(waits, 0.99),
        most_in_flight=account.in_flight if account else None,
        connections=account.connections if account else None,
        opened=account.opened if account else None,
        site_busy=account.cpu_s / wall_s if account else None,
    )
