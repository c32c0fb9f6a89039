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
from tests.serve.helpers import config, fill, page
from tests.serve.live import listening
from tests.serve.test_command import address as address_of

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
        with httpx.stream("GET", f"{address_of(process)}/live/", timeout=60) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            events = response.iter_lines()
            first = json.loads(next(events).removeprefix("data: "))
            assert first.keys() == {"jobs", "state", "numbers", "pictures", "sites"}
            process.send_signal(signal.SIGTERM)
            for _ in events:  # raises if the stream is cut
                pass
        assert process.wait() == 0, process.output()
    finally:
        process.kill()


def test_a_head_of_a_stream_ends_and_leaves_nobody_watching(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/crawl.db"
    fill(place, [page(f"http://a.test/{n}") for n in range(100)])
    frontier = SqliteFrontier(tmp_path / "crawl.db")
    run(frontier.open("job"))
    run(frontier.close())
    with (
        listening(config(place, place)) as (address, _),
        httpx.Client(base_url=address, timeout=20) as client,
    ):
        for path in ("/live/", "/api/export/pages", "/", "/api/pages"):
            head = client.head(path)
            assert (head.status_code, head.content) == (200, b""), path
            # On the same connection, which a stream that goes on would keep busy.
            assert client.get("/api/summary").status_code == 200
