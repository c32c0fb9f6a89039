"""Which links change something when they are followed."""

from __future__ import annotations

import time

import pytest

from crawlproj.links.actions import acts

HOST = "https://a.example"


@pytest.mark.parametrize(
    "place",
    [
        "/post.php?post=7&action=trash&_wpnonce=0a1b2c3d4e",
        "/wiki/start?do=logout&sectok=a4b5958f1ceab49b",
        "/course/view.php?id=2&sesskey=Xy12Za90Qw&edit=on",
        "/items/3/like?csrf_token=IjYxZ.Zq1-_x",
        "/up?_xsrf=2%7C1a2b3c4d%7C5e6f",
        "/content_status_modify?workflow_action=publish&_authenticator=9f8e7d6c5b",
    ],
)
def test_a_link_with_a_token_against_forged_requests_changes_something(place: str) -> None:
    assert acts(HOST + place, logged_in=False)
    assert acts(HOST + place, logged_in=True)


@pytest.mark.parametrize(
    "place",
    [
        "/logout",
        "/logout.php?next=/",
        "/users/sign_out",
        "/Account/LogOff/",
        "/Special:UserLogout",
        "/posts/7/delete/",
        "/posts/delete/7",
        "/vote/7",
        "/index.php?topic=4.0&action=markasread&do=mark-read",
        "/?logout",
        "/?@action=logout",
        "/w/index.php?title=Main&action=delete",
    ],
)
def test_a_link_that_says_so_changes_something_only_if_the_crawl_is_logged_in(place: str) -> None:
    assert acts(HOST + place, logged_in=True)
    assert not acts(HOST + place, logged_in=False)


@pytest.mark.parametrize(
    "place",
    [
        "/",
        "/remove-stains",
        "/delete/how-to",
        "/logouts",
        "/search?q=logout",
        "/search?q=csrf_token",
        "/docs/csrf?page=2",
        "/list?page_token=CAUQAA12345",
        "/download?nonce=",
        "/item/7?view=full",
        "/votes/7",
    ],
)
def test_pages_about_such_things_are_pages(place: str) -> None:
    assert not acts(HOST + place, logged_in=True)


@pytest.mark.parametrize("part", ["csrf", "nonce", "&csrf", "_", "/1", "=", ";", "a.php"])
def test_no_url_takes_long(part: str) -> None:
    url = f"{HOST}/?{part * (8_000 // len(part))}"
    began = time.process_time()
    for _ in range(10):
        acts(url, logged_in=True)
        acts(url.replace("?", ""), logged_in=True)
    assert time.process_time() - began < 1
