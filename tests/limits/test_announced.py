"""Announced quotas: used nearly in full, whatever reset a site announces."""

from __future__ import annotations

from collections import deque
from math import ceil

import pytest

from crawlproj.limits.announced import Announced
from crawlproj.limits.headers import RatePolicy


def used(quota: int, window_s: float, *, kind: str, has_rate: bool) -> tuple[float, int]:
    """Return the share of the quota used after two windows, and how many requests were too many.

    kind: what is reset when: all of a "fixed" window; "sliding": what came ``window_s`` ago, but
        the reset announced is that of the whole window; "oldest": that of its oldest request.

    No more than 1,000 requests/s are sent.
    """
    announced, came = Announced(), deque[float]()
    now = ends_at = 0.0
    accepted = refused = 0
    while now < 20 * window_s:
        if kind == "fixed":
            if now >= ends_at:
                ends_at = now + window_s
                came.clear()
        else:
            while came and came[0] <= now - window_s:
                came.popleft()
            ends_at = window_s + (came[0] if came and kind == "oldest" else now)
        if len(came) < quota:
            came.append(now)
            accepted += now > 2 * window_s
        else:
            refused += 1
        reset_s, left = float(ceil(ends_at - now - 1e-6)), float(quota - len(came))
        rate = quota / window_s if has_rate else None
        pace = announced.rate_of(now, RatePolicy(rate, left, reset_s, None if has_rate else quota))
        now += reset_s if left < 1 else 1 / min(pace, 1000.0)
    return accepted / (18 * quota), refused


@pytest.mark.parametrize("has_rate", [True, False])
@pytest.mark.parametrize("kind", ["fixed", "sliding", "oldest"])
@pytest.mark.parametrize(
    ("quota", "window_s", "least"), [(15, 1, 0.85), (100, 10, 0.9), (300, 60, 0.9)]
)
def test_a_quota_is_used_in_a_fixed_and_in_a_sliding_window(
    quota: int, window_s: float, least: float, kind: str, *, has_rate: bool
) -> None:
    share, refused = used(quota, window_s, kind=kind, has_rate=has_rate)

    assert share >= least
    assert not refused


@pytest.mark.parametrize(("quota", "least"), [(15, 0.97), (5, 0.9)])
def test_a_token_bucket_is_used_nearly_in_full(quota: int, least: float) -> None:
    announced, tokens, now, accepted = Announced(), float(quota), 0.0, 0
    while now < 60:
        assert tokens >= 1
        tokens, accepted = tokens - 1, accepted + 1
        policy = RatePolicy(None, float(int(tokens)), float(ceil((quota - tokens) / quota)), quota)
        pause_s = 1 / min(announced.rate_of(now, policy), 1000.0)
        now, tokens = now + pause_s, min(quota, tokens + pause_s * quota)

    assert accepted >= least * 60 * quota
