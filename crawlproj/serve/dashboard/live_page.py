"""A page with parts that change while it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse
from starlette.routing import Route

from crawlproj.serve.dashboard.page import Page, Shows, given_in
from crawlproj.serve.dashboard.templating import link, render
from crawlproj.serve.web.parameters import Parameter, read_parameters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.serve.dashboard.feeds import Feeds

_PREFIX = "/live"


@dataclass(frozen=True, slots=True)
class LivePage:
    """As Page; parts: names of templates ``NAME_PART.html``, each for the element ``#PART``.

    Each document has a ``view``, of whose job it goes on to show the parts, because the forms
    beside them are for that job. Without a script, it shows the moment at which it was asked for.
    """

    path: str
    name: str
    parts: tuple[str, ...]
    shows: Shows
    parameters: tuple[Parameter, ...] = ()

    def routes(self, feeds: Feeds) -> list[Route]:
        """Return the routes to the page and to its events."""

        async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
            shown = await self.shows(request, values)
            query = {name: values[name] for name in request.query_params if name in values}
            if job := shown["view"].job:
                query["job"] = job
            return {**shown, "live": link(_PREFIX + request.url.path, **query)}

        page = Page(self.path, self.name, shows, self.parameters)
        return [page.route(), self._events(feeds)]

    def _events(self, feeds: Feeds) -> Route:
        async def respond(request: Request) -> Response:
            given = given_in(request)
            values = read_parameters(self.parameters, given, request.path_params)

            async def make() -> Mapping[str, str]:
                shown = {**await self.shows(request, values), "here": self.name}
                return {part: render(f"{self.name}_{part}.html", shown) for part in self.parts}

            stream = feeds.watch((self.name, *values.items()), make)
            first = await anext(stream, b"")  # a problem is answered as one
            headers = {"X-Accel-Buffering": "no"}  # nginx would keep events back
            return StreamingResponse(
                _from(first, stream), 200, headers, media_type="text/event-stream"
            )

        return Route(_PREFIX + self.path, respond, name=f"live-{self.name}")


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for event in rest:
        yield event
