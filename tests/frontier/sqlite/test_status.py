from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, State, Totals
from crawlproj.frontier.job_status import JobStatus
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.frontier.sqlite.status import read_status
from tests.frontier.helpers import claim, entry, put, run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_status_of_every_job_can_be_read_while_a_crawl_owns_the_file(tmp_path: Path) -> None:
    frontier = SqliteFrontier(tmp_path / "crawl.db")
    run(frontier.open("finished"))
    run(frontier.finish())
    run(frontier.open("crawling"))
    put(frontier, entry(1), entry(2), entry(3, "b.test"))
    lease, *_ = claim(frontier, limit=2)
    run(frontier.write([], [Ack(lease.id, State.SKIPPED, "robots")]))
    a, b = Totals(pending=1, skipped={"robots": 1}), Totals(leased=1)
    crawling = JobStatus(
        "crawling",
        generation=1,
        finished=False,
        totals=Totals(pending=1, leased=1, skipped={"robots": 1}),
        sites={"a.test": a, "b.test": b},
        running=True,
    )
    finished = JobStatus(
        "finished", generation=1, finished=True, totals=Totals(), sites={}, running=False
    )
    assert run(read_status(tmp_path / "crawl.db")) == [crawling, finished]
    run(frontier.close())
    closed = run(read_status(tmp_path / "crawl.db"))[0]
    assert (closed.totals.leased, closed.running) == (0, False)


def test_a_file_without_a_frontier_is_refused_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with pytest.raises(FrontierError, match=r"other\.db does not exist: run a crawl first"):
        run(read_status(path))
    assert not path.exists()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE pages (url TEXT)")
    with pytest.raises(FrontierError, match=r"other\.db holds no frontier"):
        run(read_status(path))
    path.write_text("my diary\n" * 1000)
    with pytest.raises(FrontierError, match=r"other\.db: file is not a database"):
        run(read_status(path))
