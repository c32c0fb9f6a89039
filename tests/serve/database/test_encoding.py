"""When an answer is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.serve.database.base import Caps
from crawlproj.serve.database.encoding import Collector

if TYPE_CHECKING:
    from tests.frontier.helpers import Now


def test_an_answer_whose_time_is_over_is_cut_after_its_first_row(now: Now) -> None:
    collector = Collector("ndjson", ["x"], Caps(10, 1000, seconds=5.0, key=("x",)), now)
    now.time += 9
    assert collector.add([1])
    assert not collector.add([2])
    found = collector.encoded()
    assert (found.rows, found.last, found.cut) == (1, [1], "time")


def test_an_answer_that_fits_is_not_cut(now: Now) -> None:
    collector = Collector("csv", ["x", "y"], Caps(2, 1000, seconds=5.0), now)
    assert collector.add([1, None])
    assert collector.add([2, "b"])
    found = collector.encoded()
    assert (found.chunks, found.cut) == ([b"1,\r\n", b"2,b\r\n"], "")
