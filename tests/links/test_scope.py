"""Scopes allow what is inside them, and move with the redirects of their start pages."""

from __future__ import annotations

import pytest

from crawlproj.errors import ConfigError
from crawlproj.links.scope import Scope


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        ("host", "https://docs.example.co.uk/x", "http://example.co.uk/"),
        ("domain", "http://www.example.co.uk/", "http://other.co.uk/"),
        ("prefix", "https://docs.example.co.uk/guide/a", "http://docs.example.co.uk/guide2"),
    ],
)
def test_a_scope_allows_the_urls_inside_it_only(kind: str, inside: str, outside: str) -> None:
    scope = Scope(kind, ["http://docs.example.co.uk/guide/index.html"])
    assert scope.allows(inside)
    assert not scope.allows(outside)


def test_the_error_for_an_unknown_scope_lists_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"host, domain, prefix, not 'page'"):
        Scope("page", ["http://a.org/"])


def test_a_host_scope_moves_with_its_start_page_and_keeps_the_host_it_had() -> None:
    scope = Scope("host", ["http://example.org/"])
    assert not scope.allows("https://www.example.org/a")
    assert scope.move({"http://example.org/": "https://www.example.org/"})
    assert scope.allows("https://www.example.org/a")
    assert scope.allows("http://example.org/a")


@pytest.mark.parametrize("name", ["intranet", "shop.corp"])
def test_www_is_the_same_domain_without_a_public_suffix_too(name: str) -> None:
    scope = Scope("host", [f"http://{name}/"])
    assert scope.move({f"http://{name}/": f"http://www.{name}/"})


def test_hosts_of_an_unlisted_top_level_share_a_domain_as_those_of_a_listed_one() -> None:
    scope = Scope("domain", ["http://wiki.shop.corp/"])
    assert scope.allows("http://docs.shop.corp/")
    assert not scope.allows("http://wiki.bank.corp/")
    assert not Scope("domain", ["http://wiki/"]).allows("http://docs/")


def test_a_prefix_becomes_the_directory_that_its_start_page_redirects_to() -> None:
    scope = Scope("prefix", ["http://docs.example/docs", "http://other.example/x/"])
    assert scope.allows("http://docs.example/blog/x")
    assert scope.move({"http://docs.example/docs": "http://docs.example/docs/"})
    assert scope.allows("http://docs.example/docs/a")
    assert not scope.allows("http://docs.example/blog/x")
    assert scope.allows("http://other.example/x/y")
    assert scope.allows_site_of("http://docs.example/sitemap.xml")


@pytest.mark.parametrize("kind", ["host", "domain", "prefix"])
def test_no_redirect_moves_the_scope_to_the_site_of_someone_else(kind: str) -> None:
    scope = Scope(kind, ["http://example.org/"])
    assert not scope.move({"http://example.org/": "http://parking.example.com/"})
    assert not scope.allows("http://parking.example.com/")
    assert not scope.moved


def test_a_move_counts_once_and_only_for_a_start_page() -> None:
    scope = Scope("host", ["http://example.org/"])
    assert not scope.move({"http://example.org/a": "http://www.example.org/a"})
    assert scope.move({"http://example.org/": "http://www.example.org/"})
    assert not scope.move({"http://example.org/": "http://www.example.org/"})
