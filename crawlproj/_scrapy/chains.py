"""Calls the methods of middlewares as Scrapy's managers do, without a coroutine for each call.

Scrapy wraps each method's result in a coroutine, and each spider middleware in three asynchronous
generators, through which every item and request of a page passes. Nearly all methods are plain
functions, so most of the time goes to the wrapping.
"""

from __future__ import annotations

from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.stats import DownloaderStats
from scrapy.exceptions import _InvalidOutput
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware
from scrapy.spidermiddlewares.depth import DepthMiddleware
from scrapy.utils.defer import _process_pending_io, ensure_awaitable
from scrapy.utils.python import global_object_name
from twisted.internet.defer import Deferred

from crawlproj._scrapy import default_headers, offsite, referers, traffic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
    from scrapy.core.spidermw import SpiderMiddlewareManager

    Method = Callable[..., Any]
    Fetch = Callable[[Request], Awaitable[Response]]
    Stage = Callable[[Any, Response], Any]

# The code of Scrapy's wrapper that only warns about an argument ``spider``, which is never passed.
_WARNS_ONLY = DownloaderStats.process_request.__code__

_QUICKER = {**default_headers.QUICKER, **traffic.QUICKER}


class DownloadChain:
    """Sends a request through the downloader middlewares of ``manager``, and its answer back.

    It calls the methods that ``manager`` has when it is built.
    """

    def __init__(self, manager: DownloaderMiddlewareManager) -> None:
        self._manager = manager
        for middleware in manager.middlewares:
            offsite.quicken(middleware)
        self._requests = [self._bound(method) for method in manager.methods["process_request"]]
        self._responses = [self._bound(method) for method in manager.methods["process_response"]]

    def _bound(self, method: Method | None) -> tuple[Method, Method]:
        """Return the method to call, and the one to name in errors."""
        assert method is not None  # noqa: S101 - only spider middlewares may lack one
        if method not in self._manager._mw_methods_requiring_spider:
            return _unwrapped(method), method
        return (lambda **named: method(spider=self._manager._spider, **named)), method

    async def download(self, request: Request, fetch: Fetch) -> Response | Request:
        """Return what the middlewares make of ``request``; ``fetch`` downloads it.

        Raises what ``fetch`` or a middleware raised, if no process_exception handles it.
        """
        try:
            result = await self._fetched(request, fetch)
        except Exception as exc:  # noqa: BLE001 - as Scrapy does
            await _process_pending_io()
            result = await self._manager._process_exception(exc, request)
        if result is None:
            raise TypeError("Received None in process_response")
        if isinstance(result, Request):
            return result
        for call, method in self._responses:
            value = call(request=request, response=result)
            if not isinstance(value, Response):
                value = await _awaited(value, method)
                if isinstance(value, Request):
                    return value
                if not isinstance(value, Response):
                    raise _InvalidOutput(
                        f"Middleware {method.__qualname__} must return Response or Request, "
                        f"got {type(value)}"
                    )
            result = value
        return result

    async def _fetched(self, request: Request, fetch: Fetch) -> Response | Request:
        for call, method in self._requests:
            value = call(request=request)
            if value is None:
                continue
            value = await _awaited(value, method)
            if value is not None and not isinstance(value, (Response, Request)):
                raise _InvalidOutput(
                    f"Middleware {method.__qualname__} must return None, Response or "
                    f"Request, got {value.__class__.__name__}"
                )
            if value:
                return value
        return await fetch(request)


class OutputChain:
    """The spider middlewares of ``manager`` that see what callbacks yield, innermost first.

    is_plain: whether each is a BaseSpiderMiddleware that looks at one item or request at a time, so
        that ``stages`` does what Scrapy's chain of generators does.
    stages: what to call with a request, or with an item, and the response; None where the
        middleware passes it on. The number is that of the middleware's layer.
    layers: one for the callback and one for each middleware; the number is that of the first
        process_spider_exception that is offered what the layer raises.
    """

    def __init__(self, manager: SpiderMiddlewareManager) -> None:
        middlewares = manager.middlewares[::-1]
        for middleware in middlewares:
            referers.quicken(middleware)
        self._depths = [mw for mw in middlewares if type(mw) is DepthMiddleware]
        # Scrapy keeps an entry for every middleware, None if it has no such method.
        methods = manager.methods["process_spider_output"]
        users = [
            (index, mw)
            for index, (mw, method) in enumerate(zip(middlewares, methods, strict=True), start=1)
            if method is not None
        ]
        self.is_plain = all(_is_plain(mw) for _, mw in users)
        self.layers = [0, *(index for index, _ in users)]
        self.stages: list[tuple[int, Stage | None, Stage | None]] = []
        for index, mw in users if self.is_plain else ():
            of_request = _own(mw, BaseSpiderMiddleware, "get_processed_request")
            of_item = _own(mw, BaseSpiderMiddleware, "get_processed_item")
            if mw is users[0][1]:
                # The step that drops the None that a callback yields, before another sees it.
                of_item = mw.get_processed_item
            if of_request or of_item:
                self.stages.append((index, of_request, of_item))

    def begin(self, response: Response) -> None:
        """Do what the middlewares do before the first item or request of ``response``."""
        for depth in self._depths:
            depth._init_depth(response)


def _is_plain(mw: Any) -> bool:
    plain = DepthMiddleware if type(mw) is DepthMiddleware else BaseSpiderMiddleware
    return isinstance(mw, plain) and not any(
        _own(mw, plain, name)
        for name in ("process_spider_output", "process_spider_output_async", "_get_processed")
    )


def _own(mw: Any, base: type, name: str) -> Any:
    """Return the attribute ``name`` of ``mw`` if it is not that of ``base``, else None."""
    if name in vars(mw) or getattr(type(mw), name) is not getattr(base, name):
        return getattr(mw, name)
    return None


async def _awaited(value: Any, method: Method) -> Any:
    if isinstance(value, Deferred) or isawaitable(value):
        return await ensure_awaitable(value, _warn=global_object_name(method))
    return value


def _unwrapped(method: Method) -> Method:
    function = getattr(method, "__func__", None)
    if function is None:
        return method
    if (quicker := _QUICKER.get(function)) is not None:
        return partial(quicker, method.__self__)  # type: ignore[attr-defined]
    if function.__code__ is not _WARNS_ONLY:
        return method
    unwrapped: Method = function.__wrapped__.__get__(method.__self__)  # type: ignore[attr-defined]
    return unwrapped
