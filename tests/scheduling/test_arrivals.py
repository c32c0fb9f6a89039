"""What becomes of the requests that a spider yields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request

from crawlproj.scheduling.arrivals import Arrivals
from crawlproj.scheduling.seen import Seen
from crawlproj.scheduling.work import WorkInHand
from tests.scheduling.test_entries import URL, entries, unstorable

if TYPE_CHECKING:
    from crawlproj.frontier.base import Entry


@pytest.mark.parametrize(
    ("request_", "is_taken"), [(Request(URL), True), (unstorable(), False)], ids=["plain", "not"]
)
def test_a_shared_frontier_takes_what_can_be_stored_and_says_what_it_drops(
    request_: Request, is_taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    put: list[Entry] = []
    seen = Seen()
    admission: Any = None  # nothing that arrives is in hand
    arrivals = Arrivals(entries(shared=True), WorkInHand(), admission, put.append, seen)
    assert arrivals.take(request_) is is_taken
    assert len(put) == is_taken
    assert (URL in seen) is is_taken
    assert ("another process could not rebuild it" in caplog.text) is not is_taken
