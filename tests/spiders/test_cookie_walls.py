"""Pages behind a redirect that wants its cookie back arrive, without a cookie jar too."""

from __future__ import annotations

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

HOME, WALL = "http://a.example/", "http://a.example/wall"


def redirect(url: str, *cookies: str) -> Answer:
    headers = {"Location": url}
    if cookies:
        headers["Set-Cookie"] = "\r\nSet-Cookie: ".join(cookies)
    return Answer(status=302, headers=headers)


def wall(url: str, head: str) -> Answer | str:
    """Redirect each page to itself until it gets its cookie back."""
    if url.endswith("/robots.txt"):
        return NOT_FOUND
    if "\ncookie: ok=1" in head.lower():
        return page("/a") if url == HOME else page()
    return redirect(url, "ok=1; Path=/; HttpOnly", "other=2")


@pytest.mark.parametrize("jars", [False, True])
@on_reactor
async def test_a_cookie_wall_is_passed(jars: bool) -> None:
    done = await crawl_site(wall, HOME, COOKIES_ENABLED=jars)
    assert done.urls == {HOME, "http://a.example/a"}
    assert len(done.asked) <= 5


@pytest.mark.parametrize("jars", [False, True])
@pytest.mark.parametrize("steps", [1, 3])
@on_reactor
async def test_a_cookie_wall_on_other_pages_is_passed(jars: bool, steps: int) -> None:
    """Each step sets a cookie and leads to the next, and the last one back to the page."""

    def answer(url: str, head: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        step = int(url.partition("?step=")[2] or 0)
        if not step and f"c{steps}=1" in head:
            return page()
        return redirect(f"{WALL}?step={step + 1}" if step < steps else HOME, f"c{step}=1; Path=/")

    done = await crawl_site(answer, HOME, COOKIES_ENABLED=jars)
    assert done.urls == {HOME}
    assert len(done.asked) == steps + 3


@pytest.mark.parametrize("cookies", [(), ("seen=1",)], ids=["without", "same"])
@pytest.mark.parametrize("way", [HOME, WALL])
@on_reactor
async def test_a_circle_ends_when_nothing_new_is_sent(way: str, cookies: tuple[str, ...]) -> None:
    def answer(url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        return redirect(way if url == HOME else HOME, *cookies)

    done = await crawl_site(answer, HOME)
    assert done.tally is not None
    assert dict(done.tally.failed) == {"too-many-redirects": 1}
    assert len(done.asked) <= 5, "a browser needs no more to see it"


@on_reactor
async def test_no_cookie_goes_to_another_host() -> None:
    heads: list[str] = []

    def answer(url: str, head: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        heads.append(head.lower())
        return page() if "www." in url else redirect("http://www.a.example/", "secret=1")

    done = await crawl_site(answer, HOME)
    assert done.urls == {"http://www.a.example/"}
    assert len(heads) == 2
    assert "secret" not in heads[1]
