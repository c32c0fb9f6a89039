"""One run of a model: the checks of what it fetched, and its failures."""

from __future__ import annotations

import time

import pytest

from crawlproj.errors import CrawlprojError
from crawlproj.lab.fetch.loads import Load
from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.fetch.run import RunFailed, check, run_model
from crawlproj.lab.fetch.site.latency import Latency
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.server import SiteCounts
from crawlproj.lab.fetch.site.targets import LabTarget, UrlTarget
from crawlproj.lab.fetch.toolkit.job import FetchedPage, burn


def fetched(*pages: int) -> list[FetchedPage]:
    return [FetchedPage(page, 0.0, 1.0, 1.0) for page in pages]


def test_a_run_fails_if_a_page_was_not_finished() -> None:
    with pytest.raises(RunFailed, match="1 of 3 pages were not finished exactly once"):
        check(fetched(0, 1), None, Load(1), 3)


def test_a_run_fails_if_the_site_received_two_requests_for_a_page() -> None:
    with pytest.raises(RunFailed, match="received 2 requests for page 1"):
        check(fetched(0, 1), SiteCounts(fetched_once=1, wrong={1: 2}), Load(1), 2)


def test_a_run_fails_if_more_requests_were_in_flight_than_allowed() -> None:
    with pytest.raises(RunFailed, match="9 requests were in flight; 8 are allowed"):
        check(fetched(0), SiteCounts(fetched_once=1, max_in_flight=9), Load(8), 1)


@pytest.mark.slow
def test_the_failure_of_a_model_has_a_reason() -> None:
    closed = UrlTarget("http://127.0.0.1:1/")  # no server listens at port 1

    with pytest.raises(RunFailed, match="Connection refused"):
        run_model(MODELS["serial"], Load(1), 3, closed)


@pytest.mark.slow
def test_select_fails_beyond_1024_descriptors() -> None:
    with LabSite() as site:
        own = LabTarget(site, Latency("fixed", 0.2), page_bytes=100)

        with pytest.raises(RunFailed, match="out of range in select"):
            run_model(MODELS["select"], Load(1100), 1100, own)


@pytest.mark.slow
def test_the_site_counts_its_requests_until_it_is_reset() -> None:
    with LabSite() as site:
        own = LabTarget(site, Latency("fixed", 0.001), page_bytes=100)
        run_model(MODELS["epoll"], Load(2), 6, own)
        counts = own.counts()
        site.serve(Latency("fixed", 0.001), 3, 100)
        reset = site.counts()

    assert (counts.fetched_once, counts.wrong) == (6, {})
    assert (counts.max_in_flight, counts.connections_opened) == (2, 2)
    assert reset.wrong == {0: 0, 1: 0, 2: 0}


def test_a_site_that_is_not_running_is_an_error() -> None:
    with pytest.raises(CrawlprojError, match="not running"):
        LabSite().counts()


def test_burn_uses_the_cpu_time_of_its_own_thread() -> None:
    before = time.thread_time()
    burn(0.05)

    assert time.thread_time() - before >= 0.05
