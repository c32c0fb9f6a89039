"""Scrapy's switches and limits, each on a spider that meets a little of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

_META = ("depth", "redirect_reasons", "redirect_times", "redirect_urls", "retry_times")


class Meets(Shape, abstract=True):
    """Meets redirects, failures, cookies, compression, a duplicate and a file."""

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("page/1")
        yield self.get("page/1")
        for kind in ("redirect", "refresh"):
            yield self.get(f"{kind}/1?to=/{self.name}/page/{kind}")
        yield self.get("flaky/1?times=1")
        for status in (404, 500):
            yield self.get(f"status/{status}", errback=self.failed)
        yield self.get("gzip/1")
        yield self.get("file/1.png", self.sized)
        yield self.get("cookie/a?value=1", self.cookied)
        yield self.get("page/as-long-as-a-url-can-be-where-there-is-a-limit")

    def parse(self, response: Response) -> Any:
        meta = {name: response.meta[name] for name in _META if name in response.meta}
        packed = response.body[:2].hex() if "gzip" in response.url else ""
        return {"url": response.url, "status": response.status, "packed": packed, "meta": meta}

    def failed(self, failure: Any) -> Any:
        path = urlsplit(failure.request.url).path
        return {"failed": path, "error": type(failure.value).__name__}

    def sized(self, response: Response) -> Any:
        return {"size": len(response.body), "type": type(response).__name__}

    def cookied(self, response: Response) -> Any:
        return response.follow(f"/{self.name}/echo/1", self.echoed)

    def echoed(self, response: Any) -> Any:
        return response.json()


_SWITCHES: dict[str, dict[str, Any]] = {
    "NoRedirects": {"REDIRECT_ENABLED": False},
    "NoRefreshes": {"METAREFRESH_ENABLED": False},
    "NoRetries": {"RETRY_ENABLED": False},
    "OtherRetries": {"RETRY_HTTP_CODES": [404], "RETRY_PRIORITY_ADJUST": -5},
    "NoCompression": {"COMPRESSION_ENABLED": False},
    "NoReferers": {"REFERER_ENABLED": False},
    "NoCookies": {"COOKIES_ENABLED": False},
    "NoDownloaderStats": {"DOWNLOADER_STATS": False},
    "AllStatuses": {"HTTPERROR_ALLOW_ALL": True},
    "OneStatus": {"HTTPERROR_ALLOWED_CODES": [404]},
    "NoDepths": {
        "SPIDER_MIDDLEWARES": {"scrapy.spidermiddlewares.depth.DepthMiddleware": None},
    },
    "ShortUrls": {"URLLENGTH_LIMIT": 80},
    "AnyUrls": {"URLLENGTH_LIMIT": 0},
}

for _name, _settings in _SWITCHES.items():
    type(_name, (Meets,), {"custom_settings": _settings})
