"""A service under test, and clients of it that need no socket."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from crawlproj.serve.app import create_app
from crawlproj.serve.config import Listening, ServeConfig
from crawlproj.serve.lanes.sizes import Sizes
from crawlproj.serve.service import Service
from crawlproj.store.base import Row
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.types import ASGIApp


HOST = "http://127.0.0.1:8400"
# A busy machine is not a slow query.
PATIENT = Sizes(fast_s=30.0, slow_s=60.0, fast_patience_s=30.0, slow_patience_s=30.0)


class Client:
    """Asks an ASGI application; every answer is read whole."""

    def __init__(self, app: ASGIApp, address: str = "127.0.0.1") -> None:
        self._app = app
        self._address = address

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | Mapping[bytes, bytes] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        raises: bool = True,
    ) -> httpx.Response:
        """Return the answer. raises: a fault of the application, instead of its answer to it."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(
                self._app, raise_app_exceptions=raises, client=(self._address, 5000)
            )
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                return await client.request(
                    method, path, params=params, headers=headers, json=json, data=form
                )

        return run(send())

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of an answer that must be 200."""
        response = self.ask("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def problem(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the problem that the answer must be."""
        response = self.ask("GET", path, params=params)
        assert response.headers["content-type"] == "application/problem+json", response.text
        found: dict[str, Any] = response.json()
        assert found["status"] == response.status_code
        return found


def config(
    store_url: str, frontier_url: str = "sqlite:///none.db", **listening: Any
) -> ServeConfig:
    """The configuration of a service on loopback."""
    return ServeConfig(Listening(**listening), store_url, frontier_url)


@contextmanager
def serving(of: ServeConfig, sizes: Sizes = PATIENT) -> Iterator[Client]:
    """A client of a service that is closed afterwards."""
    service = Service.from_config(of, sizes)
    try:
        yield Client(create_app(service))
    finally:
        run(service.close())


def fill(store_url: str, rows: Sequence[Row]) -> None:
    """Store rows."""
    store = store_from_url(store_url)
    run(store.open())
    stored = run(store.write(rows))
    run(store.close())
    assert not stored.rejected


def page(url: str, **more: Any) -> Row:
    """A row of ``pages``."""
    usual = {"status": 200, "content_type": "text/html; charset=utf-8", "depth": 1}
    return Row("pages", {"url": url, "content_hash": "", **usual, **more})


def failure(url: str, reason: str, **more: Any) -> Row:
    """A row of ``failures``."""
    return Row("failures", {"url": url, "reason": reason, **more})
