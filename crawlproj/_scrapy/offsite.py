"""Spares spiders without ``allowed_domains`` what OffsiteMiddleware does for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware

if TYPE_CHECKING:
    from scrapy import Request, Spider


def quicken(middleware: Any) -> None:
    """Let ``middleware`` parse no URL while every host is allowed, if it is Scrapy's own."""
    if type(middleware) is not OffsiteMiddleware:  # a subclass may decide in another way
        return
    should_follow = middleware.should_follow

    def follows(request: Request, spider: Spider) -> bool:
        return not getattr(spider, "allowed_domains", None) or should_follow(request, spider)

    middleware.should_follow = follows  # type: ignore[method-assign]
