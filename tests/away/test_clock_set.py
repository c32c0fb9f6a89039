"""A crawl goes on at its pace while the machine's clock is set."""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.downloadermiddlewares.crawling import OK, Answer, site
from tests.http.helpers import on_reactor
from tests.processes import options

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

DELAY_S = 0.3
PAGES = 5
RETRY_AFTER_S = 1


@pytest.mark.parametrize("frontier", ["sqlite", "memory"])
@pytest.mark.parametrize("seconds", [-3600, 3600])
@on_reactor
async def test_a_wall_clock_that_is_set_neither_stops_nor_rushes_a_crawl_with_a_delay(
    tmp_path: Path, seconds: int, frontier: str
) -> None:
    process: asyncio.subprocess.Process | None = None

    def answer(path: str, before: int) -> Answer:
        if path == "/2" and not before:
            assert process is not None
            process.send_signal(signal.SIGUSR1)
        # One retry is waiting as the clock is set, and one begins to wait afterwards.
        return (429, str(RETRY_AFTER_S)) if path in {"/1", "/3"} and not before else OK

    async with site(answer) as one:
        (tmp_path / "urls.txt").write_text("\n".join(f"{one.url}/{n}" for n in range(PAGES)))
        settings = {
            "FRONTIER_URL": f"sqlite:///{tmp_path}/crawl.db" if frontier == "sqlite" else "memory:",
            "STORE_URL": f"sqlite:///{tmp_path}/crawl.db",
            "GUARD_ALLOW": "127.0.0.0/8",
            "ROBOTSTXT_OBEY": "0",
            "DOWNLOAD_DELAY": DELAY_S,
        }
        words = ("crawl", "urls", "-a", f"file={tmp_path}/urls.txt", *options(settings))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.away.set_clock", str(seconds), *words),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            shown = (await asyncio.wait_for(process.communicate(), 100))[0].decode()
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, shown
        asked = one.asked
    pages = {f"/{n}" for n in range(PAGES)}
    assert {path for path, _ in asked} == pages
    assert len(asked) == PAGES + 2, "only what was refused was requested again"
    times = [at for _, at in asked]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    # Not each of them: a site that the machine holds up takes two requests at once.
    assert median(gaps) > 0.5 * DELAY_S, f"too early: {gaps}"
    for refused in ("/1", "/3"):
        (waited_s,) = one.gaps(refused)
        assert waited_s > 0.9 * RETRY_AFTER_S, "Retry-After was shortened"
