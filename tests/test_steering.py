"""A crawl of a real web that users steer from other processes."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.finding import controls_of
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.report.live import merged, merged_ticks
from tests.frontier.helpers import claim, entry, put, run
from tests.processes import Scrapy, options, scrapy
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_running_crawl_obeys_what_users_say(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/crawl.db"

    def say(*words: str, status: int = 0) -> str:
        code, shown = scrapy(*words, "-s", f"FRONTIER_URL={place}")
        assert code == status, shown
        return shown

    specs = [SiteSpec(name, "plain", pages=4000) for name in ("one", "two")]
    with DemoWeb(specs, tmp_path / "log") as web:
        site, other = (web.url(name).split("/")[2] for name in ("one", "two"))
        settings = {
            "FRONTIER_URL": place, "STORE_URL": "", "GUARD_ALLOW": "127.0.0.0/8",
            "DOWNLOAD_DELAY": 0.05, "LOG_LEVEL": "ERROR", "STOPPED_EXIT_STATUS": 7,
        }  # fmt: skip
        urls = f"{web.url('one')},{web.url('two')}"
        crawl = Scrapy("crawl", "site", "-a", f"url={urls}", *options(settings))
        try:
            _check(say, web, site, other, place)
            say("drain")
            assert crawl.wait() == 7
            assert "drained" in crawl.output()
        finally:
            crawl.kill()
        assert "The next run obeys it" in say("pause", other)
        assert "the next run does not obey it" in say("drain", other)
        assert f"did you mean {other}?" in say("pause", f"{other}0", "--dry-run")


def _check(say: Callable[..., str], web: DemoWeb, site: str, other: str, place: str) -> None:
    def requests(name: str) -> int:
        return sum(line.site == name for line in web.log())

    until(lambda: requests("one") > 20 and requests("two") > 20)
    assert "Nothing was changed" in say("pause", site, "--dry-run")
    shown = say("pause", site, "--until", "1h")
    assert re.search(r"obeyed by \S+ after \d\.\d s", shown), shown
    before, began = requests("one"), time.monotonic()
    until(lambda: requests("two") > 60)
    until(lambda: time.monotonic() > began + 1)
    assert requests("one") <= before + 1  # one may have been in flight
    _check_what_others_see(site, place)

    shown = say("skip", "--site", other)
    skipped = re.search(r"after \d\.\d s: ([\d,]+) URLs", shown)
    assert skipped, shown
    assert int(skipped[1].replace(",", "")) > 0
    say("resume", site)
    until(lambda: requests("one") > before + 10)
    shown = say("prioritize", "--site", site, "--priority", "5")
    assert re.search(r"after \d\.\d s: [\d,]+ URLs", shown), shown
    added = f"{web.url('one')}/no-such-page"
    assert re.search(r"s: 1 URL\n", say("add", added, "--priority", "100"))
    until(lambda: any(line.path == "/no-such-page" for line in web.log()))


def _check_what_others_see(site: str, place: str) -> None:
    controls = controls_of(place, f"site host {_job(place)}")
    live = merged(run(controls.workers(time.time() - 5)))
    assert live is not None
    assert live.done > 40
    (row,) = (row for row in live.sites if row.site == site)
    assert re.match(r"paused by \S+@\S+ since \d\d:\d\d, until ", row.why.sentence(live.at))
    (delayed,) = (row for row in live.sites if row.site != site)
    assert delayed.why.words == "a delay of 0.05 s by the settings"
    assert sum(tick.done for tick in merged_ticks(run(controls.ticks(0.0)))) > 40
    run(controls.close())


def _job(place: str) -> str:
    _, shown = scrapy("status", "-s", f"FRONTIER_URL={place}")
    found = re.search(r"site host (\S+) \(", shown)
    assert found, shown
    return found[1]


def test_failures_of_a_finished_job_are_fetched_by_its_next_run(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/crawl.db"
    with DemoWeb([SiteSpec("plain", "plain", pages=3)], tmp_path / "log") as web:
        url = f"{web.url('plain')}/page/1"
        job = f"site host {url}"
        host = url.split("/")[2]
        frontier = SqliteFrontier(tmp_path / "crawl.db")
        run(frontier.open(job))
        put(frontier, entry(1, host), entry(2, host))
        run(
            frontier.write(
                [],
                [
                    Ack(lease.id, State.FAILED, "timeout" if lease.entry.key == 1 else "dns")
                    for lease in claim(frontier)
                ],
            )
        )
        run(frontier.finish())
        run(frontier.close())
        given = ("-s", f"FRONTIER_URL={place}")
        code, shown = scrapy("requeue", "--reason", "timeout", "--dry-run", *given)
        assert code == 0, shown
        assert "Selected: 1 failed URL\n" in shown
        token = re.search(r"--preview (\S+)", shown)
        assert token, shown
        code, shown = scrapy("requeue", "--preview", token[1], *given)
        assert (code, "continues the job, and fetches them" in shown) == (0, True), shown
        code, shown = scrapy(
            *("crawl", "site", "-a", f"url={url}", *given, "-s", "STORE_URL="),
            *("-s", "GUARD_ALLOW=127.0.0.0/8", "-s", "LOG_LEVEL=ERROR"),
        )
        assert "generation 1" in shown, shown
        assert re.search(r"failed: dns +│ +1", shown), shown
        assert "timeout" not in shown


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("pause", "http://a.test/"), 2, "is not a site: write its host"),
        (("limit", "a.test"), 2, "say what to change"),
        (("limit",), 2, "name a site"),
        (("skip",), 2, "give one pattern"),
        (("skip", "re:("), 2, "is not an expression that RE2 reads"),
        (("requeue", "x"), 2, "give --url PATTERN"),
        (("add",), 2, "give at least one URL"),
        (("add", "--file", "no-such-file"), 2, "--file no-such-file cannot be read: No such file"),
        (("pause", "--until", "soon"), 2, "is not a time"),
        (("drain", "--worker", "w:1"), 1, "no worker 'w:1'; the workers are: none, because no"),
        (("requeue", "--reason", "no-such"), 0, "No URL failed with the reason no-such"),
        (("requeue", "--reason", "no-such", "--dry-run"), 0, "Nothing to fetch again"),
        (("prioritize", "*/no/such/*"), 0, "Nothing to change: no pending URL matches"),
        (("pause", "--job", "other"), 1, "there is no job 'other'; the jobs are: 'job'"),
    ],
)
def test_a_command_that_makes_no_sense_changes_nothing_and_says_what_to_write(
    tmp_path: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    frontier = SqliteFrontier(tmp_path / "crawl.db")
    run(frontier.open("job"))
    run(frontier.close())
    code, shown = scrapy(*words, "-s", f"FRONTIER_URL=sqlite:///{tmp_path}/crawl.db")
    assert (code, message in shown) == (status, True), shown
    assert "Traceback" not in shown
    controls = controls_of(f"sqlite:///{tmp_path}/crawl.db", "job")
    assert run(controls.history(1)) == []
    run(controls.close())


def test_a_frontier_that_cannot_be_steered_is_named(tmp_path: Path) -> None:
    for url, message in (
        (f"sqlite:///{tmp_path}/missing.db", "missing.db does not exist: run a crawl first"),
        ("memory:", "cannot be steered from another process"),
    ):
        code, shown = scrapy("pause", "-s", f"FRONTIER_URL={url}")
        assert (code, message in shown) == (1, True), shown


def test_the_status_of_a_frontier_that_does_not_exist_ends_with_1(tmp_path: Path) -> None:
    code, shown = scrapy("status", "-s", f"FRONTIER_URL=sqlite:///{tmp_path}/missing.db")
    assert (code, "missing.db does not exist: run a crawl first" in shown) == (1, True), shown
