"""``scrapy skip`` during a crawl that is killed: every URL that was counted has its row."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Selection, Verb
from crawlproj.frontier.finding import controls_of, jobs_at
from crawlproj.steering import verbs
from tests import dying
from tests.frontier.helpers import run
from tests.processes import Scrapy, options
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_what_was_previewed_is_in_the_store_although_both_sides_were_killed(
    tmp_path: Path,
) -> None:
    frontier = f"sqlite:///{tmp_path}/frontier.db"
    store = tmp_path / "store.db"

    def stored(query: str) -> set[str]:
        if not store.exists():
            return set()
        with closing(sqlite3.connect(store)) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            # The crawl may be about to make them.
            return {url for (url,) in db.execute(query)} if "skipped" in tables else set()

    def pages() -> set[str]:
        return stored("SELECT url FROM pages WHERE url LIKE '%/page%'")

    def skipped() -> set[str]:
        return stored(
            f"SELECT url FROM skipped WHERE reason = '{SKIPPED_BY_COMMAND}' "  # noqa: S608
            "AND detail LIKE 'by %@% at % UTC: URLs that match */page*'"
        )

    with DemoWeb([SiteSpec("plain", "plain", pages=300)], tmp_path / "log") as web:
        given = options({
            "FRONTIER_URL": frontier, "STORE_URL": f"sqlite:///{store}",
            "GUARD_ALLOW": "127.0.0.0/8", "DOWNLOAD_DELAY": 0.02, "LOG_LEVEL": "ERROR",
        })  # fmt: skip
        words = ("crawl", "site", "-a", f"url={web.url('plain')}", *given)
        crawl = Scrapy(*words, *dying.ARGUMENTS, "DIES_SKIPPING=1")
        try:
            until(lambda: len(pages()) > 5)
            (job,) = run(jobs_at(frontier))
            controls = controls_of(frontier, job.name)
            run(controls.append(verbs.pause("*", who="ann@desk", at=time.time())))
            until(lambda: run(controls.history())[0].results)
            selected = run(controls.preview(Verb.SKIP, Selection(pattern="*/page*"))).urls
            skip = Scrapy("skip", "*/page*", *given)
            assert crawl.wait() == -signal.SIGKILL, crawl.output()
        finally:
            crawl.kill()
        skip.kill()
        before = pages()
        # Pages that were in flight when the site was paused may have added links since.
        assert len(skipped()) >= selected > 0
        again = Scrapy(*words)
        try:
            until(lambda: run(controls.history())[0].results)
            run(controls.append(verbs.resume("*", who="ann@desk", at=time.time())))
            assert again.wait() == 0, again.output()
            assert "generation 1" in again.output()
        finally:
            again.kill()
            run(controls.close())
    assert len(skipped()) >= selected
    assert pages() == before
    assert not skipped() & before
