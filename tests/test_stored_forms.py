"""Names and numbers that are stored stay what earlier versions made of the same things.

If one changed, an upgrade would fetch pages again, begin a crawl anew or store items twice.
"""

from __future__ import annotations

from typing import Any

from crawlproj.frontier.base import Entry, State
from crawlproj.pipelines.item_rows import ItemRows
from crawlproj.pipelines.sources import Source
from crawlproj.scheduling.cuts import Cuts, Holds
from crawlproj.scheduling.job_name import job_name
from crawlproj.scheduling.seen import Seen
from crawlproj.scheduling.serialize import key_of_return, key_of_seed, key_of_text, key_of_url


def test_the_keys_of_requests_stay() -> None:
    assert key_of_url("http://A.org:80/x#y") == -4280018503446766121
    assert key_of_seed(7, 1) == 937623572491410091
    assert key_of_return(7, 2) == 910274205542274751
    assert key_of_text("excluded http://a.test/") == 7108782043187730632


def test_the_states_of_entries_stay_in_order() -> None:
    names = ["PENDING", "LEASED", "DONE", "FAILED", "SKIPPED"]
    assert [state.name for state in sorted(State)] == names


def test_the_entries_of_links_that_are_not_followed_stay() -> None:
    put: list[Entry] = []
    books: Any = None
    cuts = Cuts(put.append, books, Seen())
    cuts.add("http://a.test/", "excluded", depth=3, holds=Holds.THIS_RUN)
    payload = b'{"cut":"excluded","depth":3}'
    key = key_of_text("excluded http://a.test/")
    assert put == [Entry(key, "a.test", "http://a.test/", payload, 2**31 - 1)]


def test_the_names_of_jobs_stay() -> None:
    assert job_name("shop", {"token": "x", "n": 1}) == "shop n=1 token=#4adf4367f96e584f"


def test_the_keys_and_tables_of_items_stay() -> None:
    rows = ItemRows({"dict": ["isbn"]})
    assert rows.row_of({"isbn": "123"}, Source("", ())).key == "2f12302e9996fcde896cc796b34cef38"
    assert rows.row_of({"isbn": "123"}, Source("", ())).table == "items"
