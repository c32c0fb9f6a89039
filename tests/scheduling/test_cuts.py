"""Links that are not followed are put once each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.scheduling.cuts import Cuts, Holds
from crawlproj.scheduling.seen import Seen

if TYPE_CHECKING:
    from crawlproj.frontier.base import Entry

URL = "http://a.test/deep"


@pytest.mark.parametrize("holds", Holds)
def test_a_link_is_put_once_for_each_reason_until_the_frontier_forgets(holds: Holds) -> None:
    put: list[Entry] = []
    books: Any = None
    cuts = Cuts(put.append, books, Seen())
    for reason in ("depth", "depth", "rules", "depth"):
        cuts.add(URL, reason, depth=3, holds=holds)
    assert len(put) == 2
    cuts.forget()
    cuts.add(URL, "depth", depth=3, holds=holds)
    assert put[2] == put[0]
