"""The normalization that urls.py documents."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawlproj.urls import (
    MAX_URL_LENGTH,
    _normalized,
    is_plain,
    join,
    normalize,
    origin_of,
    registrable_domain,
    site_of,
)
from tests.properties import examples


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:443/a", "http://example.org:443/a"),
        ("http://example.org/a/./b/../c", "http://example.org/a/c"),
        ("http://example.org/%7Euser/%2f/%e2", "http://example.org/~user/%2F/%E2"),
        ("http://example.org/a%2e%2e/%2e%2e/b", "http://example.org/b"),
        ("http://example.org/a#part", "http://example.org/a"),
        ("http://example.org/?b=2&a=1", "http://example.org/?b=2&a=1"),
        ("http://example.org/a b", "http://example.org/a%20b"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        (" http:\\\\example.org\\a ", "http://example.org/a"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("http://[::1]/[a|b]^?{c}\\", "http://[::1]/%5Ba%7Cb%5D%5E?%7Bc%7D%5C"),
    ],
)
def test_every_spelling_of_a_url_has_the_same_normal_form(written: str, normal: str) -> None:
    assert normalize(written) == normal


@pytest.mark.parametrize(
    "url",
    [
        *("", "/a", "mailto:a@b.c", "javascript:void(0)", "ftp://a.org/", "http://", "http://[x/"),
        *("http://user:secret@a.org/", "http://user@a.org/", "http://a.org:99999/", "http://a b/"),
        "http://a.org/" + "x" * 9000,
    ],
)
def test_a_url_that_is_not_plain_http_or_https_is_refused(url: str) -> None:
    assert normalize(url) is None


@given(st.text(max_size=60))
@example("%%37e")
@example("http://a/%%37e")
@example("\ud800")
def test_normalizing_is_idempotent_and_never_raises(text: str) -> None:
    for url in (normalize(text), normalize(f"http://a.org/{text}"), join("http://a.org/b/", text)):
        if url is not None:
            assert normalize(url) == url
            assert site_of(url)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a.test", "http://a.test"),
        ("HTTPS://A.test:8443/x?y#z", "https://a.test:8443"),
        ("http://a.test?x=/y@z", "http://a.test"),
        ("http://a.test#/x", "http://a.test"),
        ("http://us@er:secret@a.test/x@y", "http://a.test"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("http:///x", ""),
        ("file:///x", ""),
        ("httpx://a.test/", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


# Links as pages have them, and what could be mistaken for one that is simple.
pieces = st.sampled_from(
    [
        *("a", "B1", "-", "_", "~", ".", "..", "/", "//", "?", "#", ":", "@", "%", "%7E", "%2e"),
        *("%4", "&", "=", "+", ",", ";", " ", "\t", "\n", "\\", "é", "[", "'", "*"),
        *("http:", "http://a.org/", "HTTPS://"),
    ]
)
links = st.lists(pieces, max_size=8).map("".join)
bases = st.builds(
    "{}{}".format,
    st.sampled_from(
        ["http://a.org/", "http://A.org:80/", "https://b@a.org/", "http://a.org", "x:"]
    ),
    links,
)


@settings(examples(500))
@given(bases, links)
@example("http://a.org/%41/x?%%", "b")
@example("http://a.org/" + "x/" * 4080, "y" * 100)
def test_a_simple_link_gives_the_same_as_a_whole_parser(base: str, link: str) -> None:
    assert join(base, link) == _normalized(link, base)
    assert normalize(base) == _normalized(base, None)
    assert normalize(f"http://a.org/{link}") == _normalized(f"http://a.org/{link}", None)


def test_a_link_is_resolved_against_its_base() -> None:
    assert join("http://a.org/b/c?d", "../e") == "http://a.org/e"
    assert join("http://a.org/b/c?d", "?f") == "http://a.org/b/c?f"
    assert join("http://a.org/b", "//c.org") == "http://c.org/"


def test_a_link_that_is_too_long_with_its_base_is_refused() -> None:
    base = f"http://a.org/{'x' * 4000}/"
    assert join(base, "y" * (MAX_URL_LENGTH - len(base))) == base + "y" * (8192 - len(base))
    assert join(base, "y" * (MAX_URL_LENGTH - len(base) + 1)) is None


@pytest.mark.parametrize(
    ("url", "plain"),
    [("http://a.org/b?c=1", True), ("http://a.org/%C3%BC", False), ("http://A.org/b", False)],
)
def test_most_urls_in_normal_form_are_known_for_it_at_first_sight(url: str, *, plain: bool) -> None:
    assert is_plain(url) is plain


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("http://a.org/b", "a.org"),
        ("https://a.org:8443/", "a.org:8443"),
        ("http://a.org:80", "a.org"),
        ("HTTPS://a.org:443/", "a.org"),
        ("http://a.org:443/", "a.org:443"),
        ("https://[::1]:81/?x=/", "[::1]:81"),
        ("http://a.org?x=http://b.org/", "a.org"),
    ],
)
def test_a_site_is_the_host_and_any_port_that_is_not_the_default(url: str, site: str) -> None:
    assert site_of(url) == site


# From the test vectors of the Public Suffix List, tests/test_psl.txt.
@pytest.mark.parametrize(
    ("host", "domain"),
    [
        *(("com", "com"), ("WwW.example.COM", "example.com"), ("a.b.example.com", "example.com")),
        *(("uk.com", "uk.com"), ("a.b.example.uk.com", "example.uk.com")),
        *(("b.example.example", "example.example"), ("a.b.example.example", "example.example")),
        *(("c.mm", "c.mm"), ("a.b.c.mm", "b.c.mm"), ("www.www.ck", "www.ck")),
        *(("ide.kyoto.jp", "ide.kyoto.jp"), ("a.b.ide.kyoto.jp", "b.ide.kyoto.jp")),
        *(("a.b.c.kobe.jp", "b.c.kobe.jp"), ("www.city.kobe.jp", "city.kobe.jp")),
        *(("k12.ak.us", "k12.ak.us"), ("www.test.k12.ak.us", "test.k12.ak.us")),
        ("www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("www.xn--85x722f.xn--fiqs8s", "xn--85x722f.xn--fiqs8s"),
    ],
)
def test_the_domain_of_a_site_is_that_of_the_public_suffix_list(host: str, domain: str) -> None:
    url = normalize(f"http://{host}/")
    assert url
    assert registrable_domain(site_of(url)) == domain


def test_a_site_without_a_public_suffix_is_its_own_domain() -> None:
    assert registrable_domain("a.b.example.com:81") == "example.com"
    assert registrable_domain("127.0.0.1:81") == "127.0.0.1:81"
    assert registrable_domain("user.github.io") == "user.github.io"
    assert registrable_domain("localhost") == "localhost"
