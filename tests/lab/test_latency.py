"""Latencies as text and as values."""

from __future__ import annotations

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.site.latency import Kind, Latency

seconds = st.integers(0, 60_000).map(lambda ms: ms / 1000)
shares = st.floats(0.001, 0.999)


@st.composite
def latencies(draw: st.DrawFn) -> Latency:
    kind: Kind = draw(st.sampled_from(["fixed", "lognormal", "exponential", "uniform"]))
    a = draw(seconds)
    if kind == "lognormal":
        return Latency(kind, a, draw(st.integers(0, 300)) / 100)
    return Latency(kind, a, a + draw(seconds)) if kind == "uniform" else Latency(kind, a)


@given(latencies())
def test_a_latency_survives_writing_and_reading(latency: Latency) -> None:
    read = Latency.parse(str(latency))

    assert read.kind == latency.kind
    assert (read.a, read.b) == pytest.approx((latency.a, latency.b))


@given(latencies(), shares, shares)
def test_quantiles_rise(latency: Latency, one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert 0 <= latency.quantile(low) <= latency.quantile(high)


@given(st.text(max_size=30))
def test_any_text_is_a_latency_or_a_config_error(text: str) -> None:
    try:
        Latency.parse(text)
    except ConfigError as exc:
        assert "lognormal:100ms,0.5" in str(exc)  # noqa: PT017 - some texts are latencies


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lognormal:100ms", "unknown form"),
        ("lognormal:100,0.5", "'100' is not a duration"),
        ("lognormal:100ms,9", "sigma must be from 0 to 3"),
        ("uniform:2s,1s", "the maximum is less"),
        ("fixed:1000s", "more than 600 s"),
        ("gauss:1s", "unknown form"),
    ],
)
def test_the_error_about_a_latency_has_the_reason(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Latency.parse(text)


def test_units_are_ms_and_s() -> None:
    assert Latency.parse("fixed:0.25s") == Latency.parse("fixed:250ms") == Latency("fixed", 0.25)


@pytest.mark.parametrize("text", ["lognormal:100ms,0.5", "exponential:1s", "uniform:0s,1s"])
def test_a_few_pages_have_the_mean_of_the_distribution(text: str) -> None:
    latency = Latency.parse(text)

    assert fmean(latency.of_pages(50)) == pytest.approx(latency.mean_s, rel=0.08)
    assert latency.of_pages(10) == latency.of_pages(50)[:10]
