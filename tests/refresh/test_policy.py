"""When a URL is due again."""

from __future__ import annotations

from crawlproj.refresh.policy import Always, Older
from crawlproj.store.base import Checked


def checked(at: float) -> Checked:
    return Checked("pages", "http://a/", 0, at, "", False, "x", None, None, None)


def test_what_this_run_has_asked_for_is_not_due_again() -> None:
    policy = Always(began=1000)
    assert policy.is_due(checked(999), now=2000)
    assert not policy.is_due(checked(1000), now=2000)


def test_what_is_old_enough_is_due() -> None:
    policy = Older(age_s=100)
    assert policy.is_due(checked(900), now=1000)
    assert not policy.is_due(checked(901), now=1000)
