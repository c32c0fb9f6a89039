"""The limits that sites announce, in the formats of RFCs, drafts and common practice."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawlproj.limits.headers import RatePolicy, policy_of, retry_after_s

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the RFC's example


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
        ("Sun Nov  6 08:50:37 1994", 60),
        ("Sun, 06 Nov 1994 09:50:37 +0100", 60),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 06 Nov 1988 08:49:37 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 252_618_189_022),
        ("Sun Nov 06 1994 08:50:37 GMT+0000 (Coordinated Universal Time)", 60),
        ("Sun Nov 06 1994 09:50:37 GMT+0100 (Mitteleuropäische Normalzeit)", 60),
        ("1994-11-06T08:50:37.000Z", 60),
        ("1994-11-06 09:50:37+01:00", 60),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float) -> None:
    assert retry_after_s(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "soon", "-1", "1e3", "1.", "1,5", "0x10", "٣", "nan", "inf", "9" * 400, "06 Nov", "1 1 1"],
)
def test_a_malformed_retry_after_is_ignored(value: str) -> None:
    assert retry_after_s(value, NOW) is None


def policy(**headers: str) -> RatePolicy | None:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return policy_of(lambda name: named.get(name.lower()), NOW)


@pytest.mark.parametrize(
    ("limit", "quota", "expected"),
    [
        # draft-ietf-httpapi-ratelimit-headers-09 and -10
        ('"default";r=50;t=30', None, RatePolicy(None, 50, 30)),
        ('"default";r=0;t=5', '"default";q=100;w=10', RatePolicy(10, 0, 5)),
        ('"problemPolicy";r=0; t=10', None, RatePolicy(None, 0, 10)),
        (None, '"burst";q=100;w=60,"daily";q=1000;w=86400', RatePolicy(100 / 60, None, None)),
        (None, '"burst";q=100;w=60, "calm";q=300;w=600', RatePolicy(0.5, None, None)),
        ('"a, b; q=1";r=7;t=3', None, RatePolicy(None, 7, 3)),
        ('"minute";r=9;t=30, "hour";r=4;t=600', None, RatePolicy(None, 4, 600)),
        # draft 7 and before
        ("limit=100, remaining=50, reset=5", None, RatePolicy(None, 50, 5)),
        ("limit=50, remaining=49, reset=5", "50;w=5", RatePolicy(10, 49, 5)),
        (None, "10;w=1, 50;w=60", RatePolicy(50 / 60, None, None)),
        # several limiters: the one that allows fewer requests a second until it is full again
        ('"burst";r=30;t=1, "minute";r=40;t=50', None, RatePolicy(None, 40, 50)),
        ('"burst";r=2;t=20, "minute";r=40;t=60', None, RatePolicy(None, 2, 20)),
        ('"burst";r=1;t=1, "minute";r=3;t=4', None, RatePolicy(None, 3, 4)),
        # nothing left: the last reset, and less than one request is nothing
        ('"burst";r=0;t=1, "minute";r=0;t=50', None, RatePolicy(None, 0, 50)),
        ('"burst";r=0;t=1, "minute";r=1;t=20', None, RatePolicy(None, 0, 1)),
        ('"burst";r=0.2;t=50, "minute";r=0.9;t=60', None, RatePolicy(None, 0.9, 60)),
        # not what a draft says
        ("Limit=100, Remaining=50, Reset=5", None, RatePolicy(None, 50, 5)),
        (None, "q=100, w=50", RatePolicy(2, None, None)),
        ("limit=100, remaining=50, reset=5", "100;w=10", RatePolicy(10, 50, 5)),
    ],
)
def test_the_formats_of_all_drafts_are_read(
    limit: str | None, quota: str | None, expected: RatePolicy
) -> None:
    headers = {"RateLimit": limit, "RateLimit-Policy": quota}
    assert policy_of(headers.get, NOW) == expected


@pytest.mark.parametrize("prefix", ["RateLimit", "X_RateLimit", "X_Rate_Limit"])
@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("30", 30),
        (str(int(NOW) + 1_000_000_000), 1_000_000_000),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("1994-11-06T08:50:37Z", 60),
        ("30;w=60", 30),
    ],
)
def test_a_header_for_each_number_is_read(prefix: str, reset: str, seconds: float | None) -> None:
    found = policy(**{f"{prefix}_Remaining": "0", f"{prefix}_Reset": reset})
    assert found == RatePolicy(None, 0, seconds)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1763937060", 60),
        ("1763936000", 0),
        ("1763937060000", 60),
        ("1763937060.5", 60.5),
    ],
)
def test_a_reset_may_be_a_unix_time(reset: str, seconds: float) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    found = policy_of(headers.get, 1_763_937_000.0)
    assert found == RatePolicy(None, 0, seconds)


@pytest.mark.parametrize(
    "reset",
    [
        "Sun Nov 06 1994 08:49:42 GMT+0000 (Coordinated Universal Time)",
        "1994-11-06T08:49:42Z",
        "Sun, 06 Nov 1994 08:49:42 GMT",
    ],
)
def test_a_reset_may_be_a_date(reset: str) -> None:
    found = policy(X_RateLimit_Limit="50", X_RateLimit_Remaining="49", X_RateLimit_Reset=reset)
    assert found == RatePolicy(None, 49, 5, 50)


def test_a_long_window_counts_only_once_nothing_remains() -> None:
    assert policy(X_RateLimit_Remaining="4000", X_RateLimit_Reset="86400") is None
    assert policy(X_RateLimit_Remaining="40", X_RateLimit_Reset="3601") is None
    hour = policy(X_RateLimit_Remaining="40", X_RateLimit_Reset="3600")
    assert hour == RatePolicy(None, 40, 3600)
    assert policy(RateLimit_Policy='"hour";q=1800;w=3600') == RatePolicy(0.5)
    assert policy(RateLimit='"day";r=4000;t=86400', RateLimit_Policy='"s";q=5;w=1') == RatePolicy(5)
    assert policy(X_RateLimit_Remaining="0", X_RateLimit_Reset="7200") == RatePolicy(None, 0, 7200)


def test_without_usable_headers_there_is_no_policy() -> None:
    assert policy() is None
    assert policy(X_RateLimit_Limit="100") is None
    assert policy(RateLimit_Policy='"daily";q=1000;w=86400') is None


pieces = st.sampled_from(
    [
        '"',
        ";",
        ",",
        "=",
        "q",
        "w",
        "r",
        "t",
        "limit",
        "remaining",
        "reset",
        "0",
        "1",
        "9" * 310,
        ".",
    ]
)
texts = st.text(max_size=40) | st.lists(pieces, max_size=15).map("".join)
dates = st.datetimes().map(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S GMT"))


@given(texts | dates, st.floats(0, 1e11))
@example("Mon, 01 Jan 0001 00:00:00 +2359", 0.0)
@example("Fri, 31 Dec 9999 23:59:59 -2359", 0.0)
@example("1 Jan 1 1:1:1 " + "9" * 30, 0.0)
def test_any_retry_after_is_a_duration_or_none(value: str, now: float) -> None:
    seconds = retry_after_s(value, now)
    assert seconds is None or (isfinite(seconds) and seconds >= 0)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "RateLimit",
                "RateLimit-Policy",
                "RateLimit-Remaining",
                "RateLimit-Reset",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
                "X-Rate-Limit-Remaining",
            ),
            texts,
        ),
    ),
    st.floats(0, 1e11),
)
def test_any_quota_is_a_number_or_none(headers: dict[str, str], now: float) -> None:
    found = policy_of(headers.get, now)
    numbers = [] if found is None else [found.rate, found.remaining, found.reset_s]
    for number in numbers:
        assert number is None or (isfinite(number) and number >= 0)
    assert found is None or found.rate is None or found.rate > 0
