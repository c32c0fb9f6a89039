"""Keeps whole sites up to date, and never ends."""

from __future__ import annotations

from typing import Any

from crawlproj.spiders.site import SiteSpider

__all__ = ["WatchSpider"]


class WatchSpider(SiteSpider):
    """The spider ``site``, which goes on: it checks known pages whenever they are due.

    Its arguments are those of ``site``, and it continues the same job. A signal ends it.

    refresh: "auto", or an age such as "1d".
    """

    name = "watch"
    endless = True

    def __init__(self, url: str = "", refresh: str = "auto", **kwargs: Any) -> None:
        super().__init__(url, refresh=refresh, **kwargs)
