"""Drops with another cause than too many requests at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.drop_cause import DropCause
from crawlproj.limits.refusals import Refusals
from tests.limits.models import dice
from tests.limits.test_refusals import dropped, sample

if TYPE_CHECKING:
    from collections.abc import Callable


def ends(cause: DropCause, share: float, most: int = 300) -> tuple[float | None, int]:
    """Let a share of requests be dropped, evenly; return the verdict and after how many it came."""
    found = None
    for n in range(1, most + 1):
        found = cause.on_end(dropped=int(n * share) > int((n - 1) * share))
        if found is not None:
            return found, n
    return found, most


def test_as_many_drops_at_half_the_limit_and_of_single_requests_have_another_cause() -> None:
    cause = DropCause()
    cause.on_cut(20, 5)
    looks = {cause.look}
    for n in range(200):
        found = cause.on_end(dropped=n % 4 == 3)
        looks.add(cause.look)
        if found is not None:
            break
    assert found == pytest.approx(0.25, abs=0.06)
    assert looks == {1.0, 0.5, 0.0}
    assert cause.look == 1.0
    assert n < 100


def test_no_more_drops_after_a_cut_are_a_matter_of_the_load() -> None:
    cause = DropCause()
    cause.on_cut(20, 5)
    found, after = ends(cause, 0)
    assert found == 0.0
    assert after < 30
    assert cause.look == 1.0


def test_no_more_drops_of_single_requests_are_a_matter_of_the_load() -> None:
    cause = DropCause()
    cause.on_cut(20, 5)
    while cause.look:
        cause.on_end(dropped=True)
    assert ends(cause, 0)[0] == 0.0


def test_most_single_requests_are_dropped_by_a_limit_of_the_rate_or_an_outage() -> None:
    cause = DropCause()
    cause.on_cut(4, 4)
    assert ends(cause, 0.9)[0] == 0.0


def test_without_a_cut_there_is_nothing_to_find_out() -> None:
    assert ends(DropCause(), 0.3) == (None, 300)


def crawled(drop: Callable[[int], bool], requests: int = 2000) -> tuple[Refusals, list[float]]:
    """Crawl with the limit that the refusals allow, up to 32; return them and the limits."""
    refusals = Refusals()
    limits = [32.0]
    for n in range(requests):
        limit = min(limits[-1] + 0.5, max(1.0, refusals.ceiling), 32.0)
        in_flight = max(1, int(limit))
        lower = None
        if drop(in_flight):
            lower = refusals.on_drop(dropped(n, in_flight), limit)
        else:
            refusals.on_answer(sample(n, in_flight), limit)
        limits.append(limit if lower is None else lower)
    return refusals, limits


@pytest.mark.parametrize("share", [0.1, 0.2, 0.33])
@pytest.mark.parametrize("seed", range(4))
def test_a_broken_server_behind_a_load_balancer_sets_no_ceiling(share: float, seed: int) -> None:
    chance = dice(seed)
    refusals, limits = crawled(lambda _: chance.random() < share)
    assert sum(limit >= 16 for limit in limits[1000:]) > 700
    assert refusals.other_cause == pytest.approx(share, abs=0.2)


def closed_behind_a_balancer(seed: int, share: float) -> tuple[Refusals, float]:
    """Crawl behind a server that closes connections; return the refusals and the mean limit.

    A request whose used connection is closed is written again, to a new one.
    """
    chance = dice(seed)
    refusals, limit, limits = Refusals(), 16.0, []
    is_used = True
    for n in range(1000):
        limit = min(limit + 0.25, max(1.0, refusals.ceiling), 16.0)
        in_flight = max(1, int(limit))
        written_again = int(is_used and chance.random() < share)
        is_new = not is_used or written_again
        if is_new and chance.random() < share:
            lower = refusals.on_drop(replace(dropped(n, in_flight), closed=written_again), limit)
            limit = limit if lower is None else lower
            is_used = False
        else:
            refusals.on_answer(replace(sample(n, in_flight), closed=written_again), limit)
            is_used = True
        limits.append(limit)
    return refusals, sum(limits) / len(limits)


def test_a_broken_server_that_closes_connections_is_known_by_what_is_written_again() -> None:
    found = [closed_behind_a_balancer(seed, 0.25) for seed in range(20)]
    assert min(mean for _, mean in found) > 12


@pytest.mark.parametrize("most", [3, 10])
def test_a_site_that_refuses_what_is_too_much_keeps_its_ceiling(most: int) -> None:
    refusals, limits = crawled(lambda in_flight: in_flight > most)
    assert refusals.other_cause == 0
    assert max(limits[200:]) < 1.5 * most + 2
