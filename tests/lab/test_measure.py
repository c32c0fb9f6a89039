"""What a run is held against, and how one that fails is told."""

from __future__ import annotations

import os
import time

import pytest

from crawlproj.errors import CrawlprojError
from crawlproj.lab.fetch.job import Fetched, burn
from crawlproj.lab.fetch.loads import Load
from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.fetch.run import RunBroke, check, measure
from crawlproj.lab.fetch.site.latency import Latency
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.server import Account
from crawlproj.lab.fetch.site.targets import ForeignSite, OwnSite
from crawlproj.lab.system.process_memory import descendants, parent_of, pss_bytes


def fetched(*pages: int) -> list[Fetched]:
    return [Fetched(page, 0.0, 1.0, 1.0) for page in pages]


def test_a_page_that_was_not_finished_breaks_a_run() -> None:
    with pytest.raises(RunBroke, match="1 of 3 pages were not finished exactly once"):
        check(fetched(0, 1), None, Load(1), 3)


def test_a_page_the_site_was_asked_for_twice_breaks_a_run() -> None:
    with pytest.raises(RunBroke, match="asked for page 1 2 times"):
        check(fetched(0, 1), Account(once=1, wrong={1: 2}), Load(1), 2)


def test_more_in_flight_than_allowed_breaks_a_run() -> None:
    with pytest.raises(RunBroke, match="9 requests were in flight, allowed: 8"):
        check(fetched(0), Account(once=1, in_flight=9), Load(8), 1)


def test_a_model_that_fails_says_why() -> None:
    gone = ForeignSite("http://127.0.0.1:1/")  # nobody listens at port 1

    with pytest.raises(RunBroke, match="Connection refused"):
        measure(MODELS["serial"], Load(1), 3, gone)


def test_select_breaks_where_its_sets_end() -> None:
    with LabSite() as site:
        own = OwnSite(site, Latency("fixed", 0.2), page_bytes=100)

        with pytest.raises(RunBroke, match="out of range in select"):
            measure(MODELS["select"], Load(1100), 1100, own)


def test_the_site_gives_account_of_what_it_was_asked_for() -> None:
    with LabSite() as site:
        own = OwnSite(site, Latency("fixed", 0.001), page_bytes=100)
        measure(MODELS["epoll"], Load(2), 6, own)
        account = own.account()
        site.serve(Latency("fixed", 0.001), 3, 100)
        anew = site.account()

    assert (account.once, account.wrong, account.in_flight, account.opened) == (6, {}, 2, 2)
    assert anew.wrong == {0: 0, 1: 0, 2: 0}


def test_a_site_that_is_not_running_says_so() -> None:
    with pytest.raises(CrawlprojError, match="not running"):
        LabSite().account()


def test_memory_is_that_of_the_whole_tree() -> None:
    mine = pss_bytes(os.getpid())

    assert mine is None or mine > 1_000_000
    assert pss_bytes(2**30) is None


def test_descendants_are_found_whatever_their_order() -> None:
    parents = {9: 8, 8: 7, 7: 1, 6: 5, 5: 1}

    assert descendants(parents, 7) == {7, 8, 9}


def test_a_process_may_have_any_name() -> None:
    assert parent_of("12 (a) S (b) R 34 12 12 0 -1") == 34


def test_burning_uses_the_cpu_of_its_own_thread() -> None:
    before = time.thread_time()
    burn(0.05)

    assert time.thread_time() - before >= 0.05
