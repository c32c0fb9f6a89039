"""Every hostile site ends in one state, for the right reason, while a healthy one is crawled."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.frontier.base import State
from tests.hostile.cases import CASES, DONE, MAX_BYTES
from tests.hostile.server import HealthySite, HostileSite
from tests.http.mockserver import running
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

HEALTHY_PAGES = 60
AGENT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; MyBot/1.0) Chrome/99"


@dataclass(frozen=True)
class Ended:
    """The traces of a crawl of all cases.

    states: by URL, the state and reason in the frontier. texts: by URL, of the pages.
    failures: by URL, the reason and the detail in the table.
    healthy: the URLs of the healthy site. healthy_s, took_s: until it and the crawl had ended.
    """

    states: dict[str, tuple[State, str]]
    texts: dict[str, str]
    failures: dict[str, tuple[str, str]]
    healthy: list[str]
    healthy_connections: int
    healthy_s: float
    took_s: float
    output: str


@pytest.fixture(scope="module")
def sites() -> list[HostileSite]:
    return [HostileSite(case) for case in CASES]


@pytest.fixture(scope="module")
def ended(sites: list[HostileSite], tmp_path_factory: pytest.TempPathFactory) -> Ended:
    healthy = HealthySite(HEALTHY_PAGES)
    database = tmp_path_factory.mktemp("hostile") / "crawl.db"
    with running(*sites, healthy):
        lines = [json.dumps(line_of(site)) for site in sites] + healthy.addresses
        started = time.monotonic()
        status, output = crawl(lines, database)
        took_s = time.monotonic() - started
    assert status == 0, output
    with closing(sqlite3.connect(database)) as db:
        entries = db.execute("SELECT url, state, reason FROM frontier_entries_1").fetchall()
        pages = dict(db.execute("SELECT url, text FROM pages").fetchall())
        failures = db.execute("SELECT url, reason, detail FROM failures").fetchall()
    return Ended(
        states={url: (State(state), reason or "") for url, state, reason in entries},
        texts=pages,
        failures={url: (reason, detail) for url, reason, detail in failures},
        healthy_s=healthy.finished_at - started,
        took_s=took_s,
        healthy=healthy.addresses,
        healthy_connections=healthy.connections,
        output=output,
    )


def line_of(site: HostileSite) -> dict[str, Any]:
    """Return the line of the crawl's file that names the site's page."""
    return {"url": site.address, "meta": {"download_timeout": site.case.timeout_s}}


def crawl(lines: list[str], database: Path) -> tuple[int, str]:
    settings = {
        "FRONTIER_URL": f"sqlite:///{database}",
        "STORE_URL": f"sqlite:///{database}",
        "SPIDER_MODULES": "tests.hostile.spider",
        "GUARD_ALLOW": "127.0.0.0/8",
        "CONCURRENT_REQUESTS": 32,
        "RETRY_TIMES": 0,
        "REDIRECT_MAX_TIMES": 5,
        "DOWNLOAD_MAXSIZE": MAX_BYTES,
        "USER_AGENT": AGENT,
    }
    stdin = "\n".join(lines).encode()
    return scrapy("crawl", "hostile", "-a", "file=-", *options(settings), stdin=stdin)


def test_there_are_enough_cases_and_each_has_its_own_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 80


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_a_hostile_site_ends_in_one_state_for_the_right_reason(
    ended: Ended, sites: list[HostileSite], number: int
) -> None:
    case, url = CASES[number], sites[number].address
    state, reason = ended.states[url]
    if case.ending == DONE:
        assert (state, reason) == (State.DONE, "")
        assert ended.texts[url] == case.text
        assert url not in ended.failures
        return
    expected = State.SKIPPED if case.ending == "robots" else State.FAILED
    assert (state, reason) == (expected, case.ending)
    assert url not in ended.texts
    assert (url in ended.failures) == (state is State.FAILED)


def test_a_failure_says_what_is_wrong_in_one_line_for_people(ended: Ended) -> None:
    for url, (reason, detail) in ended.failures.items():
        assert detail.isprintable(), (url, reason, detail)
        assert not re.search(r"\w(Error|Exception)\b|\^", detail), (url, reason, detail)


def test_the_healthy_site_is_crawled_meanwhile(ended: Ended) -> None:
    assert {ended.states[url] for url in ended.healthy} == {(State.DONE, "")}
    assert ended.healthy_connections < HEALTHY_PAGES / 2, "it may be reused, so it is"
    # Others take at least until they time out.
    assert ended.healthy_s < ended.took_s


def test_the_crawl_needs_little_memory(ended: Ended) -> None:
    (peak_kb,) = re.findall(r"'peak_kb': (\d+)", ended.output)
    (start_bytes,) = re.findall(r"'memusage/startup': (\d+)", ended.output)
    assert int(peak_kb) * 1024 - int(start_bytes) < 100_000_000
