"""Classifies responses and exceptions for the limit of their site."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from crawlproj.downloadermiddlewares.loop_lag import without_lag
from crawlproj.limits.ending import NOTHING_LEARNED, Ending, Verdict
from crawlproj.limits.headers import RatePolicy, policy_of, retry_after_s
from crawlproj.reasons import reason_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Headers, Response

# Proxies send 502 and 504 for an overloaded site, Cloudflare sends 520 to 530.
_OVERLOADED = frozenset({502, 503, 504, *range(520, 531)})
_CLOSED = frozenset({"connection-refused", "connection-lost"})
_UNREACHABLE = _CLOSED | {"timeout"}
# The site had begun to answer, so it is up.
_ANSWERED = frozenset({"too-large", "data-loss", "stopped", "malformed-response", "content-type"})
# In the spelling of the keys of Scrapy's Headers.
_QUOTA_HEADERS = frozenset(
    (
        *(b"Ratelimit", b"Ratelimit-Policy", b"Ratelimit-Remaining"),
        *(b"X-Ratelimit-Remaining", b"X-Rate-Limit-Remaining"),
    )
)
_LISTS = frozenset({"RateLimit", "RateLimit-Policy"})


def ending_of_response(
    request: Request, response: Response, now: float, lag_s: float = 0.0
) -> Ending:
    """Return the ending of a ``request`` that got ``response``.

    now: Unix time in seconds.
    lag_s: the mean lag of our own event loop, which is subtracted from the latency.
    """
    if "cached" in response.flags:
        return NOTHING_LEARNED
    status = response.status
    headers = response.headers
    policy = _policy(headers, now)
    wait_s = None
    verdict = Verdict.OK
    if status == 429 or status in _OVERLOADED:
        verdict = Verdict.THROTTLED if status == 429 else Verdict.OVERLOADED
        value = headers.get(b"Retry-After")
        wait_s = retry_after_s(value.decode("latin-1"), now) if value is not None else None
    rtt_s = without_lag(_rtt_s(request), lag_s)
    return Ending(
        verdict, rtt_s, wait_s, policy, lag_s, is_page=status < HTTPStatus.MULTIPLE_CHOICES
    )


def ending_of_exception(request: Request, exception: Exception) -> Ending:
    """Return the ending of a ``request`` that failed with ``exception``."""
    reason = reason_of(exception)
    if reason in _UNREACHABLE:
        return Ending(Verdict.OVERLOADED)
    if reason in _ANSWERED:
        return Ending(Verdict.OK, _rtt_s(request))
    return NOTHING_LEARNED


def was_closed(exception: Exception) -> bool:
    """Return whether the site closed or refused the connection, without an answer."""
    return reason_of(exception) in _CLOSED


def _rtt_s(request: Request) -> float:
    """Return the seconds to the first byte, which the download handler stored in ``meta``."""
    timings = request.meta.get("timings")
    return float(timings["ttfb"] if timings else request.meta.get("download_latency", 0.0))


def _policy(headers: Headers, now: float) -> RatePolicy | None:
    raw = cast("dict[bytes, list[bytes]]", headers)
    # Most responses have none of these headers, and need no more than this check.
    if _QUOTA_HEADERS.isdisjoint(raw):
        return None

    def get(name: str) -> str | None:
        values = headers.getlist(name)
        if not values:
            return None
        # Each limiter in a row adds a line of its own (RFC 9110 §5.3); a number has only one.
        value = b", ".join(values) if name in _LISTS else values[-1]
        return value.decode("latin-1")

    return policy_of(get, now)
