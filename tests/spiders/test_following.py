"""Links that people write beside pictures, scripts, comments, frames and odd escapes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, Crawled, crawl_site, page

HOME = "http://a.example/"
MANY = 5_000


async def crawl_from(home: Any, *paths: str) -> Crawled:
    """Crawl a site of a start page and other pages."""
    pages = {HOME + path: page() for path in paths} | {HOME: home}
    return await crawl_site(lambda url, _: pages.get(url, NOT_FOUND), HOME)


@on_reactor
@pytest.mark.parametrize(
    "before",
    [
        "<svg>" + '<path d="M0 0h1"/>' * MANY + "</svg>",
        "<svg viewBox='0 0 1 1'><use href='#i'/></svg>" * MANY,
        "<math>" + '<mspace width="1em"/>' * MANY + "</math>",
        "<object>" + '<param name="a" value="b">' * MANY + "</object>",
        "<script>for (i=0;i<n;i++) a = [" + "b<c," * MANY + "]</script>",
        "<style>/* <div> */" + "/*<p>*/ " * MANY + "</style>",
        "<!--" + "<div><ul><li>" * MANY + "-->",
    ],
    ids=["svg", "icons", "mathml", "void", "script", "style", "comment"],
)
async def test_what_nests_nothing_hides_no_link_and_no_text(before: str) -> None:
    done = await crawl_from(f"<title>T</title>{before}<p>after <a href=/next>it</a>", "next")
    assert done.urls == {HOME, f"{HOME}next"}
    (home,) = (found for found in done.pages if found.url == HOME)
    assert (home.title, home.text) == ("T", "after it")


@on_reactor
async def test_frames_and_shadow_trees_lead_to_pages_and_a_plain_template_does_not() -> None:
    frames = "<frameset cols='*,*'><frame src=/menu><frame src=/main></frameset>"
    pages = {
        HOME: frames,
        f"{HOME}menu": "<div><template shadowrootmode=open><a href=/shadow>s</a></template></div>",
        f"{HOME}main": "<template><a href=/plain>p</a></template><iframe src=/inner></iframe>",
        f"{HOME}inner": page(),
        f"{HOME}shadow": page(),
    }
    done = await crawl_site(lambda url, _: pages.get(url, NOT_FOUND), HOME)
    assert done.urls == pages.keys()
    assert f"{HOME}plain" not in done.asked


@on_reactor
async def test_a_percent_sign_that_begins_no_escape_is_sent_as_it_is() -> None:
    query = "s.asp?q=%u0430%u0431&p=1"
    done = await crawl_from(Answer(page(query.replace("&", "&amp;"))), query)
    assert f"{HOME}{query}" in done.urls


@on_reactor
async def test_a_list_comes_before_what_its_filters_choose_from_it() -> None:
    known = ["l?x=1", "l?x=1&y=2", "l?x=1;y=3;z=4"]
    links = "".join(f"<a href='/{each}'>" for each in reversed(known))
    pages = {HOME + path: page() for path in known} | {HOME: f"<p>Shop{links}"}
    done = await crawl_site(lambda url, _: pages.get(url, NOT_FOUND), HOME, CONCURRENT_REQUESTS=1)
    asked = [url.removeprefix(HOME) for url in done.asked if "robots" not in url]
    assert asked == ["", *known]


@on_reactor
async def test_pages_behind_parameters_do_not_wait_for_the_end_of_what_has_none() -> None:
    wiki = [f"wiki?id={n}&lang=en" for n in range(10)]
    links = "".join(f"<a href='/{each}'>" for each in ["log/0", "log/1", *wiki])

    def site(url: str, _: Any) -> Any:
        path = url.removeprefix(HOME)
        if path.startswith("log/"):  # each day leads to two more
            n = int(path.removeprefix("log/"))
            return f"<p>Day {n}<a href=/log/{2 * n + 2}><a href=/log/{2 * n + 3}>"
        return {HOME: f"<p>Home{links}"}.get(url, page())

    done = await crawl_site(site, HOME, CONCURRENT_REQUESTS=1, MAX_PAGES=20)
    assert {HOME + each for each in wiki} <= done.urls
