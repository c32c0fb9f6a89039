"""A crawl finds the pages that are named like files, and leaves out the files."""

from __future__ import annotations

from tests.http.helpers import on_reactor
from tests.spiders.web import Answer, crawl_site, page, web_of

HOME = "http://a.example/"
PICTURE = Answer(b"\x89PNG" + b"\0" * 14_000_000, headers={"Content-Type": "image/png"})


@on_reactor
async def test_pages_of_a_wiki_that_are_named_after_files_are_fetched() -> None:
    articles = [f"/wiki/File:{n}.png" for n in range(40)] + ["/wiki/Node.js"]
    pages = {
        "/": page(*articles),
        **{each: page(f"/images/{n}.png") for n, each in enumerate(articles)},
        **{f"/images/{n}.png": PICTURE for n in range(41)},
    }
    done = await crawl_site(web_of(pages), HOME)
    assert done.finished
    assert done.urls == {HOME, *(HOME + each[1:] for each in articles)}
    assert done.totals.skipped == {"extension": 41}
    asked = [url for url in done.asked if "/images/" in url]
    assert 3 <= len(asked) <= 12, "more than the first pictures were asked for"
    assert done.body_bytes[asked[0]] < 14_000_000, "the body was read to its end"


@on_reactor
async def test_names_of_files_that_all_lead_to_a_login_are_not_pages_of_their_own() -> None:
    away = Answer(status=302, headers={"Location": "/login"})
    pages = {
        "/": page(*(f"/papers/{n}.pdf" for n in range(3)), "/papers/broken.png"),
        **{f"/papers/{n}.pdf": away for n in range(3)},
        "/login": page(title="Log in"),
    }
    done = await crawl_site(web_of(pages), HOME)
    assert done.finished
    assert done.urls == {HOME, f"{HOME}login"}
    assert done.totals.failed == {"http-404": 1}
