"""The summary says where things are."""

from __future__ import annotations

from crawlproj.report.places import places


def test_a_crawl_that_stores_nothing_names_no_store() -> None:
    assert places("memory:", "", report="") == ("frontier memory:", "store none")
