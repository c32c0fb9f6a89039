"""How often a request was sent, and how long to wait before it is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.scheduling.serialize import REFUSALS

if TYPE_CHECKING:
    from scrapy import Request

MAX_BACK_OFF_S = 60.0
_FIRST_BACK_OFF_S = 1.0


def was_sent_before(request: Request) -> bool:
    """Return whether ``request`` was sent before, without success."""
    return REFUSALS in request.meta or "retry_times" in request.meta


def back_off_s(earlier: int) -> float:
    """Return the seconds to wait before a retry after so many earlier ones: 1, 2, 4, … 60."""
    return min(MAX_BACK_OFF_S, _FIRST_BACK_OFF_S * 2.0 ** min(6, earlier))
