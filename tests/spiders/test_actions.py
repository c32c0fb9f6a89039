"""A crawl follows no link that changes something."""

from __future__ import annotations

from tests.http.helpers import on_reactor
from tests.spiders.web import Answer, crawl_site, page

HOME = "http://a.example/"
ACTS = ("/item/1/delete", "/sign-out", "/item/1?up=1&csrf_token=MTIzNDU2")


def web(url: str, _: str) -> Answer | str | bytes:
    return page("/item/1", "/to-login", *ACTS) if url == HOME else page("/")


@on_reactor
async def test_links_that_act_are_left_out_for_somebody_with_an_account_and_counted() -> None:
    done = await crawl_site(web, HOME, arguments={"headers": "Authorization: Bearer t0ken"})
    assert done.finished
    assert done.urls == {HOME, f"{HOME}item/1", f"{HOME}to-login"}
    assert done.totals.skipped == {"action": 3}


@on_reactor
async def test_without_an_account_only_tokens_say_that_a_link_acts() -> None:
    done = await crawl_site(web, HOME)
    assert done.urls >= {f"{HOME}item/1/delete", f"{HOME}sign-out"}
    assert done.totals.skipped == {"action": 1}


@on_reactor
async def test_a_setting_follows_all_links() -> None:
    arguments = {"headers": "Cookie: session=1"}
    done = await crawl_site(web, HOME, arguments=arguments, ACTION_LINKS_AVOID=False)
    assert len(done.urls) == 6
    assert not done.totals.skipped


@on_reactor
async def test_a_redirect_of_the_site_itself_is_followed() -> None:
    def moving(url: str, text: str) -> Answer | str | bytes:
        if url.endswith("/to-login"):
            return Answer(status=302, headers={"Location": "/welcome?nonce=a1b2c3d4e5"})
        return web(url, text)

    done = await crawl_site(moving, HOME)
    assert f"{HOME}welcome?nonce=a1b2c3d4e5" in done.urls
