"""Inputs of other people's suites (http-state, the Web Platform Tests, Go), and of ordinary sites.

The values are those that Chromium sends back.
"""

from __future__ import annotations

import pytest

from crawlproj.set_cookie import SetCookie, read_set_cookie

NOW = 1_700_000_000.0
IN_2030 = 1_893_456_000.0


def read(header: str) -> SetCookie:
    cookie = read_set_cookie(header, NOW)
    assert cookie is not None
    return cookie


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        ("a=b", "a", "b"),
        ("  test  = 12  ;foo;;;   bar", "test", "12"),
        ("test=== 13  ;foo", "test", "== 13"),
        ('test="3zz;pp" ; ;', "test", '"3zz'),
        ('test="5zzz "   "ppp"  ;', "test", '"5zzz "   "ppp"'),
        ("test=1, baz=qux", "test", "1, baz=qux"),
        ('a={"k":1}', "a", '{"k":1}'),
        ("test=%32%33", "test", "%32%33"),
        ("test22=", "test22", ""),
        ("$Version=1; a=b", "$Version", "1"),
        ("tést=é", "tést", "é"),
        ("alone", "alone", None),
        ("=alone", "alone", None),
    ],
)
def test_name_and_value_are_what_is_before_the_first_semicolon(
    header: str, name: str, value: str | None
) -> None:
    assert (read(header).name, read(header).value) == (name, value)


@pytest.mark.parametrize("header", ["", "=", "; a=b", " \t", "=a=b", "a=b\x01c", "a\x7f=b", "a=\0"])
def test_what_names_nothing_or_has_control_characters_is_not_a_cookie(header: str) -> None:
    assert read_set_cookie(header, NOW) is None


@pytest.mark.parametrize(
    ("header", "is_cookie"),
    [
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1; Secure; Domain=a.org; Path=/b", True),
        ("__Secure-a=1", False),
        ("__sEcUrE-a=1; Path=/", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__Host-a=1; Secure; Path=/; Domain=", True),
        ("__Host-a=1; Path=/", False),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/b", False),
        ("__HOST-a=1; Secure; Path=/; Domain=a.org", False),
        ("=__Secure-a", False),
        ("=__Host-a; Path=/", False),
        ("__Secure=1", True),
        ("a__Host-=1", True),
    ],
)
def test_a_cookie_keeps_what_its_name_promises(header: str, is_cookie: bool) -> None:
    assert (read_set_cookie(header, NOW) is not None) is is_cookie


@pytest.mark.parametrize(
    ("attributes", "domain", "path", "secure"),
    [
        ("Domain=.Example.ORG; PATH=/a", "example.org", "/a", False),
        ("domain=a.org; domain=b.org; path=/a; path=/b", "b.org", "/b", False),
        ("domain=a.org; domain=; path=/a; path", "", "", False),
        ("domain; path=a", "", "", False),
        ('path="/"', "", "", False),
        ("Secure=", "", "", True),
        ('"Secure"; Secure x', "", "", False),
        ("version=1000; port=80; lol; ;;; HttpOnly; SameSite=None; secure", "", "", True),
    ],
)
def test_the_last_of_an_attribute_counts_and_what_it_cannot_be_is_its_default(
    attributes: str, domain: str, path: str, secure: bool
) -> None:
    cookie = read(f"a=b; {attributes}")
    assert (cookie.domain, cookie.path, cookie.secure) == (domain, path, secure)


@pytest.mark.parametrize(
    ("attributes", "expires"),
    [
        ("", None),
        ("max-age=60", NOW + 60),
        ("max-age=0", 0.0),
        ("max-age=-1; expires=Fri, 01 Jan 2038 00:00:00 GMT", 0.0),
        ("expires=Thu, 10 Apr 1980 16:33:12 GMT; max-age=60", NOW + 60),
        ("max-age=50,399", None),
        ("max-age=", None),
        ("max-age=5.5", None),
        ("max-age=-", None),
        ('max-age="0"', None),
        ("max-age=3600, c=d", None),
        ("max-age=99999999999999999999", NOW + 999_999_999_999),
    ],
)
def test_a_maximum_age_is_a_number_or_nothing(attributes: str, expires: float | None) -> None:
    assert read(f"a=b; {attributes}").expires == expires


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 01 Jan 2030 00:00:00 GMT",
        "Tuesday, 01-Jan-30 00:00:00 GMT",
        "Tue Jan  1 00:00:00 2030",
        "Tue, 1 Jan 2030 0:0:0",
        "Di, 01-Januar-2030 00:00:00 GMT",
        "Jan 1 2030 00:00:00 GMT+0100 (CET)",
        "00:00:00 1 JAN 30",
        "WillyWonka  , 1-jan-30   00:00:00, baz=qux",
        '"Tue, 01 Jan 2030 00:00:00 GMT"',
    ],
)
def test_dates_are_understood_in_every_order(date: str) -> None:
    assert read(f"a=b; expires={date}").expires == IN_2030


@pytest.mark.parametrize(
    "date",
    ["Thu, 01-Jan-70 00:00:01 GMT", "Thu, 1 Jan 1970 00:00:01 GMT", "Mo, 01 Jan 1601 00:00:00"],
)
def test_a_date_in_the_past_deletes_a_cookie(date: str) -> None:
    expires = read(f"a=b; expires={date}").expires
    assert expires is not None
    assert expires <= 1.0


@pytest.mark.parametrize(
    "date",
    [
        "",
        "0",
        "-1",
        "Session",
        "2030-01-01T00:00:00Z",
        "31 Feb 2030 00:00:00",
        "1 Jan 2030 25:00:00",
        "31 Dec 1600 00:00:00",
        "1 Jan 130 00:00:00",
    ],
)
def test_what_is_not_a_date_says_nothing(date: str) -> None:
    assert read(f"a=b; expires={date}").expires is None
