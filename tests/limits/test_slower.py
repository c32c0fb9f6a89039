"""A limiter of the rate refuses little at a third of its rate; chance refuses as much."""

from __future__ import annotations

from crawlproj.limits.slower import Slower
from tests.limits.models import dice

LATEST = [(float(at), at % 2 == 0) for at in range(48)]  # an answer each two seconds


def found_after(share: float, every_s: float, seed: int) -> int | None:
    """Return after how many of 300 requests it is found that the rate is not the cause, if ever."""
    site, chance = Slower(LATEST), dice(seed)
    for n in range(300):
        if site.note(100 + n * every_s, refused=chance.random() < share):
            return n
    return None


def test_chance_refuses_as_much_however_slowly_requests_come() -> None:
    found = [found_after(0.3, 7.0, seed) for seed in range(20)]
    assert all(n is not None and n < 60 for n in found)


def test_a_few_refusals_at_a_lower_rate_are_those_of_a_limiter() -> None:
    assert sum(found_after(0.02, 7.0, seed) is not None for seed in range(100)) <= 5


def test_refusals_at_nearly_the_same_rate_say_nothing() -> None:
    assert found_after(0.5, 2.5, 1) is None


def test_refusals_in_a_row_count_once_because_some_limiters_refuse_for_a_while() -> None:
    site = Slower(LATEST)
    found = [site.note(100 + 7 * n, refused=n % 11 > 0) for n in range(11)]
    assert not any(found)


def test_a_rate_that_was_the_cause_once_stays_it() -> None:
    site = Slower(LATEST)
    found = [site.note(100 + 7 * n, refused=n > 30 and n % 2 == 0) for n in range(100)]
    assert not any(found)
