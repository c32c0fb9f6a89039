"""The time-outs of canaries: a long one would delay the discovery that a hanging site is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy import Request

_MIN_TIMEOUT_S = 10.0
_OWN_TIMEOUT = "canary_timeout"  # meta key: the time-out to restore


def shorten_timeout(request: Request, hang_s: float) -> None:
    """Let ``request`` fail after ``hang_s`` seconds, or ten if that is longer."""
    timeout_s = request.meta[_OWN_TIMEOUT] = request.meta.get("download_timeout")
    patience_s = max(_MIN_TIMEOUT_S, hang_s)
    request.meta["download_timeout"] = min(float(timeout_s or patience_s), patience_s)


def restore_timeout(request: Request) -> None:
    """Give a request that was a canary its own time-out back."""
    if _OWN_TIMEOUT in request.meta:
        del request.meta["download_timeout"]
        if (timeout_s := request.meta.pop(_OWN_TIMEOUT)) is not None:
            request.meta["download_timeout"] = timeout_s
