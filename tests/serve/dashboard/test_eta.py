"""How long a crawl still takes."""

from __future__ import annotations

import pytest

from crawlproj.report.why import Why
from crawlproj.serve.dashboard.eta import eta
from tests.serve.dashboard.snapshots import live, site, ticks


def test_it_rests_on_how_fast_the_queue_shrinks() -> None:
    found = eta(live(queued=400), ticks(done=5.0, queued=lambda n: 520 - 2 * n), {})

    assert found.seconds == 200
    assert found.basis == "400 URLs wait, and the queue shrank by 2.0/s in the last 60 s"


@pytest.mark.parametrize(
    ("queued", "words"),
    [
        (lambda n: 400 + 3 * n, "more were found, so the queue grew by 3.0/s"),
        (400, "about as many were found, so the queue hardly shrank"),
    ],
)
def test_a_queue_that_does_not_shrink_has_no_end_in_sight(queued: object, words: str) -> None:
    found = eta(live(queued=400), ticks(done=5.0, queued=queued), {})

    assert found.seconds is None
    assert "no end in sight: 5.0 URLs/s" in found.basis
    assert words in found.basis


def test_a_queue_that_was_filled_first_is_judged_since_it_was_longest() -> None:
    filled = ticks(done=5.0, queued=lambda n: 30 * n if n < 20 else 640 - 2 * n)

    found = eta(live(queued=400), filled, {})

    assert found.seconds == 200
    assert found.basis.endswith("the queue shrank by 2.0/s in the last 40 s")


def test_a_queue_that_was_longest_a_moment_ago_still_grows() -> None:
    dips = ticks(done=5.0, queued=lambda n: 30 * n if n < 50 else 1600 - 2 * n)

    assert "no end in sight" in eta(live(queued=400), dips, {}).basis


def test_a_crawl_that_stopped_has_no_estimate_and_one_that_crawls_slowly_has() -> None:
    stopped = ticks(done=lambda n: 5.0 * (n < 25), queued=lambda n: 900 - 20 * min(n, 25) - n // 50)
    found = eta(live(queued=400), stopped, {})
    assert (found.seconds, found.basis) == (None, "no estimate: nothing was done in the last 30 s")

    slow = ticks(done=lambda n: float(n == 20), queued=lambda n: 400 - (n > 20))
    assert eta(live(queued=399), slow, {}).seconds == pytest.approx(399 * 60)


def test_one_slow_site_may_take_longer_than_all_others() -> None:
    slow = site("slow.test", Why("delay", "Crawl-delay 10 s"), done=10)
    shrinking = ticks(done=5.0, queued=lambda n: 520 - 2 * n)

    found = eta(live(queued=400, sites=(slow,)), shrinking, {"slow.test": 100})

    assert found.seconds == pytest.approx(1000)
    assert "slow.test alone takes that long: 100 of its URLs wait, at 0.1/s" in found.basis
    assert "Crawl-delay 10 s" in found.basis


def test_a_site_that_is_paused_is_not_waited_for() -> None:
    paused = site("a.test", Why("paused", "paused by ann"), done=1)
    shrinking = ticks(done=5.0, queued=lambda n: 520 - 2 * n)

    assert eta(live(queued=400, sites=(paused,)), shrinking, {"a.test": 100}).seconds == 200


def test_there_is_none_while_the_crawl_is_held_or_too_young() -> None:
    assert eta(live(queued=1, held="paused by ann"), ticks(done=1.0), {}).seconds is None
    assert eta(live(queued=1), ticks(5, done=1.0), {}).seconds is None
    assert eta(live(queued=1), [], {}).seconds is None


def test_it_is_zero_when_nothing_waits_and_nothing_is_open() -> None:
    assert eta(live(), [], {}).seconds == 0
    assert eta(live(leased=3), [], {}).seconds is None
