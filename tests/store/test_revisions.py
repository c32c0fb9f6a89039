"""The history of a page's checks."""

from __future__ import annotations

import json

import pytest

from crawlproj.store.revisions import checks_in, observed


def test_unchanged_checks_in_a_row_are_one_number() -> None:
    history = observed(None, 0, 100, changed=False)
    history = observed(history, 100, 150, changed=False)
    history = observed(history, 150, 250, changed=True)
    history = observed(history, 250, 251, changed=True)
    assert checks_in(history) == [-150, 100, 1]


def test_an_old_history_is_forgotten_so_that_it_stays_short() -> None:
    history = None
    for n in range(1000):
        history = observed(history, n * 100, n * 100 + 100, changed=n % 2 == 0)
    assert history is not None
    assert len(checks_in(history)) == 32
    assert len(history) < 300


def test_a_check_without_one_before_tells_nothing() -> None:
    assert observed("[5]", None, 100, changed=True) == "[5]"


@pytest.mark.parametrize("broken", ["", "{", "7", '["x"]', None])
def test_a_history_that_is_none_counts_as_empty(broken: str | None) -> None:
    assert checks_in(broken) == []
    assert json.loads(observed(broken, 0, 5, changed=True) or "") == [5]
