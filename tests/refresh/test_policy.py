"""When a URL is due again."""

from __future__ import annotations

import pytest

from crawlproj.refresh.policy import Always, Older, age_of
from crawlproj.store.base import Checked


def checked(at: float) -> Checked:
    return Checked("pages", "http://a/", 0, at, "", False, "x", None, None, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1.5h", 5400), ("7D", 604_800), (" 2w ", 1_209_600)],
)
def test_an_age_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert age_of(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "7 d", "1e3s", "7days"])
def test_anything_else_is_no_age(text: str) -> None:
    assert age_of(text) is None


def test_what_this_run_has_asked_for_is_not_due_again() -> None:
    policy = Always(began=1000)
    assert policy.is_due(checked(999), now=2000)
    assert not policy.is_due(checked(1000), now=2000)


def test_what_is_old_enough_is_due() -> None:
    policy = Older(age_s=100)
    assert policy.is_due(checked(900), now=1000)
    assert not policy.is_due(checked(901), now=1000)
