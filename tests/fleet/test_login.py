"""Each worker of a fleet logs in itself, and again when its session has ended or it is replaced."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests import servers
from tests.servers import need
from tests.spiders.members import HOME, PASSWORD, Members, form_file
from tests.spiders.web import Crawled, answering
from tests.test_fleet import FleetProcess
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def a_server() -> None:
    need(servers.Redis.missing())


@contextmanager
def proxy(web: Members) -> Iterator[str]:
    """Answer for every host as ``web`` says, in a thread; yields the proxy's URL."""
    place: list[str] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with answering(web, Crawled()) as address:
            place.append(f"http://{address}")
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield place[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def test_a_worker_that_takes_over_from_a_killed_one_logs_in_and_no_page_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMBERS_PASSWORD", PASSWORD)
    web = Members(pages=60, lasts=25)
    with proxy(web) as address:
        fleet = FleetProcess(
            tmp_path,
            *("site", "-a", f"url={HOME}", "-a", f"login={form_file(tmp_path)}"),
            *("-a", f"proxy={address}", "-s", "TRAPS_ENABLED=False", "-s", "DOWNLOAD_DELAY=0.05"),
        )
        busy = until(
            lambda: [found for found in map(fleet.status, "12") if found and found.done > 5],
            fleet.process,
        )
        os.kill(busy[0].pid, signal.SIGKILL)
        assert fleet.wait() == 0, fleet.output
    assert fleet.pages() == web.urls
    assert fleet.failures() == []
    assert len(web.logins) >= 3
    assert PASSWORD not in fleet.output
