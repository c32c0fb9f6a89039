"""Facts learned about a site are stored, read back and aged."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.limits.learned import Learned, learned_from

positive = st.floats(1e-6, 1e6)


none_or_positive = st.just(0.0) | positive


@given(
    st.builds(
        Learned,
        positive,
        positive | st.just(inf),
        none_or_positive,
        positive,
        none_or_positive,
        none_or_positive,
        none_or_positive,
    )
)
def test_what_is_stored_is_read_back_to_three_digits(learned: Learned) -> None:
    back = learned_from(learned.data())
    assert back is not None
    assert back.limit == pytest.approx(learned.limit, rel=1e-3)
    assert back.rate == pytest.approx(learned.rate, rel=1e-3)
    assert back.unloaded_s == pytest.approx(learned.unloaded_s, rel=1e-3)
    assert back.at == pytest.approx(learned.at, abs=0.1)
    assert back.delay_s == pytest.approx(learned.delay_s, rel=1e-3)
    assert back.doubt_s == pytest.approx(learned.doubt_s, rel=1e-3)
    assert back.rest_until == pytest.approx(learned.rest_until, abs=0.1)


def test_a_note_is_short() -> None:
    assert (
        Learned(12.34567, inf, 0.0123456789, 1.7e9).data() == "[12.35, null, 0.01235, 1700000000.0]"
    )


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{}",
        "[]",
        "null",
        "3",
        "[1, 2, 3]",
        "[1, 2, 3, 4, 5, 6, 7, 8]",
        "[1, 2, 3, 4, 5, -6]",
        "[1, 2, 3, 4, 5, 6, Infinity]",
        "[1, 2, 3, 4, -5]",
        "[1, 2, 3, 4, null]",
        '["many", 2, 3, 4]',
        "[null, 2, 3, 4]",
        "[0, 2, 3, 4]",
        "[-1, 2, 3, 4]",
        "[1, 0, 3, 4]",
        "[1, 2, -3, 4]",
        "[NaN, 2, 3, 4]",
        "[1, NaN, 3, 4]",
        "[1, 2, Infinity, 4]",
        "[1, 2, 3, Infinity]",
        f"[1{'0' * 400}, 2, 3, 4]",
        "[" * 100_000,
    ],
)
def test_a_malformed_note_is_ignored(data: str) -> None:
    assert learned_from(data) is None


@given(st.text())
def test_no_note_raises_an_error(data: str) -> None:
    learned_from(data)


def test_fresh_values_are_used_unchanged() -> None:
    learned = Learned(40, 5, 0.1, 1000)
    assert learned.limit_at(1000, start=2) == 40
    assert learned.limit_at(900, start=2) == 40, "the clock was set back"
    assert learned.rate_at(1000) == 5


def test_a_high_limit_is_forgotten_sooner_than_a_low_one() -> None:
    high, low = Learned(10, inf, 0.1, 1000), Learned(1, inf, 0.1, 1000)
    assert high.limit_at(1600, start=2) == 6
    assert low.limit_at(4600, start=2) == 1.5
    assert high.limit_at(1000 + 86_400, start=2) == pytest.approx(2, abs=0.01)


@given(positive, positive, st.floats(0, 1e6), st.floats(0, 1e6))
def test_age_moves_a_limit_towards_the_start_and_never_past_it(
    limit: float, start: float, age_s: float, more_s: float
) -> None:
    learned = Learned(limit, inf, 0.0, 0.0)
    younger, older = learned.limit_at(age_s, start), learned.limit_at(age_s + more_s, start)
    rounding = 1e-9 * (limit + start)
    assert abs(older - start) <= abs(younger - start) + rounding
    assert min(limit, start) - rounding <= older <= max(limit, start) + rounding


def test_a_rate_is_forgotten_after_an_hour() -> None:
    learned = Learned(2, 5, 0.1, 1000)
    assert learned.rate_at(4599) == 5
    assert learned.rate_at(4600) == inf


@pytest.mark.parametrize(("left_s", "kept"), [(-1.0, False), (50.0, True), (7200.0, False)])
def test_a_rest_of_up_to_an_hour_is_kept(left_s: float, *, kept: bool) -> None:
    now = 1.7e9
    learned = Learned(4, 1.0, 0.1, now - 60, rest_until=now + left_s)
    assert learned.rest_at(now) == (now + left_s if kept else 0.0)
