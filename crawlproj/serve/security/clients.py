"""Who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request


def client_address(request: Request, *, behind_proxy: bool) -> str:
    """Return the client's address; "" if it is unknown.

    behind_proxy: it is the last one of X-Forwarded-For, which is what the proxy saw; those before
    it are what the client says.
    """
    if behind_proxy:
        forwarded = request.headers.getlist("x-forwarded-for")
        return forwarded[-1].rpartition(",")[2].strip() if forwarded else ""
    return request.client.host if request.client else ""
