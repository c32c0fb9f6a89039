"""Downloader middlewares, called by Scrapy's manager and by DownloadChain."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.decorators import _warn_spider_arg
from twisted.internet.defer import fail, succeed

from crawlproj._scrapy.chains import DownloadChain
from tests.frontier.helpers import run
from tests.properties import examples

if TYPE_CHECKING:
    from collections.abc import Callable

# Scrapy warns about middlewares that require a spider or return a Deferred.
pytestmark = pytest.mark.filterwarnings("ignore::scrapy.exceptions.ScrapyDeprecationWarning")

URL = "http://a.test/"
HOOKS = ("process_request", "process_response", "process_exception")


class Falsy(Response):
    def __len__(self) -> int:
        return 0


@dataclass(frozen=True)
class Hook:
    """A method of a middleware.

    returns: what; or the class of what it raises. wrapped: "", "coroutine" or "deferred".
    spider: "" if the method has no such argument.
    """

    returns: object
    wrapped: str
    spider: str


hooks = st.builds(
    Hook,
    st.sampled_from(
        ["None"] * 3 + ["same"] * 5 + ["response", "falsy", "request", "text", ValueError]
        + [IgnoreRequest, asyncio.CancelledError]
    ),
    st.sampled_from(["", "", "", "coroutine", "deferred"]),
    st.sampled_from(["", "", "required", "warns"]),
)  # fmt: skip
middlewares = st.lists(
    st.dictionaries(st.sampled_from(HOOKS), hooks, min_size=1), min_size=0, max_size=4
)
downloads = st.sampled_from(["response", "falsy", "request", "None", "text", ValueError])


def made(returns: object, number: int, same: object) -> object:
    """Return or raise what a hook or a download ends with."""
    if isinstance(returns, type):
        raise returns(f"from {number}")
    return {
        "None": None,
        "same": same,
        "response": Response(URL, status=200 + number),
        "falsy": Falsy(URL, status=300 + number),
        "request": Request(f"{URL}{number}"),
        "text": "text",
    }[str(returns)]


def wrapped(hook: Hook, number: int, same: object) -> object:
    if hook.wrapped == "coroutine":

        async def coroutine() -> object:
            await asyncio.sleep(0)
            return made(hook.returns, number, same)

        return coroutine()
    if hook.wrapped == "deferred":
        try:
            return succeed(made(hook.returns, number, same))
        except Exception as exc:  # noqa: BLE001 - whatever the hook raises
            return fail(exc)
    return made(hook.returns, number, same)


def shown(value: object) -> object:
    if isinstance(value, (Response, Request)):
        return type(value), value.url, getattr(value, "status", None)
    return type(value), str(value)


def middleware(number: int, specified: dict[str, Hook], log: list[object]) -> object:
    """Return a middleware with the ``specified`` methods, which note their calls in ``log``."""

    def method(name: str, hook: Hook) -> Callable[..., object]:
        def called(named: dict[str, Any]) -> object:
            log.append((number, name, {key: shown(value) for key, value in named.items()}))
            return wrapped(hook, number, named.get("response"))

        def plain(self: object, **named: Any) -> object:
            return called(named)

        def requiring(self: object, spider: object, **named: Any) -> object:
            return called({"spider": spider, **named})

        def optional(self: object, spider: object = None, **named: Any) -> object:
            return called(named)

        kinds: dict[str, Callable[..., object]] = {
            "": plain,
            "required": requiring,
            "warns": _warn_spider_arg(optional),
        }
        return kinds[hook.spider]

    methods = {name: method(name, hook) for name, hook in specified.items()}
    return type("Middleware", (), methods)()


async def outcome(listed: list[dict[str, Hook]], download: object, *, chain: bool) -> list[object]:
    """Return what comes of a request, and the calls that were made for it."""
    log: list[object] = []
    crawler: Any = SimpleNamespace(spider="the spider")
    made_of = [middleware(number, specified, log) for number, specified in enumerate(listed)]
    manager = DownloaderMiddlewareManager(*made_of, crawler=crawler)

    async def fetch(request: Request) -> Any:
        log.append(("download", request.url))
        return made(download, 99, None)

    try:
        if chain:
            result: object = await DownloadChain(manager).download(Request(URL), fetch)
        else:
            result = await manager.download_async(fetch, Request(URL))
    except (Exception, asyncio.CancelledError) as exc:  # noqa: BLE001 - compared
        result = exc
    return [shown(result), log]


@examples(100)
@given(listed=middlewares, download=downloads)
def test_a_request_ends_and_is_seen_as_with_scrapys_manager(
    listed: list[dict[str, Hook]], download: object
) -> None:
    scrapys = run(outcome(listed, download, chain=False))
    assert run(outcome(listed, download, chain=True)) == scrapys
