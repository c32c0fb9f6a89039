"""The note about a job that was opened."""

from __future__ import annotations

import pytest

from crawlproj.frontier.base import Opened, Totals


@pytest.mark.parametrize(
    ("opened", "note"),
    [
        (Opened(1, resumed=False), "Beginning job 'site' (generation 1)"),
        (Opened(2, resumed=True), "Continuing job 'site' (generation 2): 12 left, 5 done"),
        (Opened(2, resumed=True, finished=True), "Generation 2 of job 'site' is finished"),
    ],
    ids=["new", "continued, and its first leases are claimed", "finished"],
)
def test_a_log_says_what_is_left_of_a_job(opened: Opened, note: str) -> None:
    assert opened.note("site", Totals(pending=8, leased=4, done=5)) == note
