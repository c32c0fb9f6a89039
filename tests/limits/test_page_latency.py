"""Which latencies show a queue, and what a limit makes of quick redirects and errors."""

from __future__ import annotations

import pytest

from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.knee import Knee
from crawlproj.limits.page_latency import PageLatency
from crawlproj.limits.site import SiteControl
from tests.limits.models import Client, Servers, dice

PAGE = Ending(Verdict.OK, 0.2)
REDIRECT = Ending(Verdict.OK, 0.001, is_page=False)


def test_only_pages_have_a_latency_at_a_site_that_has_some() -> None:
    latency = PageLatency()
    for _ in range(100):
        assert [latency.of(each) for each in (REDIRECT, PAGE, REDIRECT)] == [0.0, 0.2, 0.0]


def test_a_site_with_hardly_any_pages_is_judged_by_all_that_it_answers() -> None:
    latency = PageLatency()
    found = [latency.of(REDIRECT) for _ in range(100)]
    assert found[:50] == [0.0] * 50
    assert found[90:] == [0.001] * 10


class WithRedirects(Servers):
    """Servers with something before them that redirects a share of the requests at once."""

    def __init__(self, c: int, share: float, seed: int) -> None:
        super().__init__(c, seed=seed)
        self._share = share
        self._chance = dice(seed)

    def arrive(self, now: float) -> tuple[float, Ending]:
        if self._chance.random() < self._share:
            return now + REDIRECT.rtt_s, REDIRECT
        return super().arrive(now)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("c", [1, 2, 8])
def test_quick_redirects_do_not_hide_how_many_workers_there_are(c: int, share: float) -> None:
    for seed in range(3):
        site = WithRedirects(c, share, seed)
        log = Client(SiteControl(Knee(Bounds(1.0, 0.1, 128)), None, None), site).run(120)
        assert 0.8 * c <= log.mean_limit(1060) <= max(1.8 * c, c + 2.5)
