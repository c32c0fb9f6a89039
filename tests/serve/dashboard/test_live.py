"""The stream of events of a real server."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import httpx
import pytest

from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from tests.frontier.helpers import entry, put, run
from tests.processes import Scrapy, options
from tests.serve.test_command import address

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_stream_that_somebody_watches_ends_whole_when_the_server_does(tmp_path: Path) -> None:
    frontier = SqliteFrontier(tmp_path / "crawl.db")
    run(frontier.open("job"))
    put(frontier, entry(1))
    run(frontier.close())
    place = f"sqlite:///{tmp_path}/crawl.db"
    settings = {"STORE_URL": place, "FRONTIER_URL": place}
    process = Scrapy("serve", "--port", "0", *options(settings))
    try:
        with httpx.stream("GET", f"{address(process)}/live/", timeout=60) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            events = response.iter_lines()
            first = json.loads(next(events).removeprefix("data: "))
            assert first.keys() == {"state", "numbers", "pictures", "sites"}
            process.send_signal(signal.SIGTERM)
            for _ in events:  # raises if the stream is cut
                pass
        assert process.wait() == 0, process.output()
    finally:
        process.kill()
