"""What a response or an exception says of its site."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crawlproj.limits.headers import RatePolicy, policy_of, retry_after_s
from crawlproj.limits.site import Ending, Verdict
from crawlproj.reasons import reason_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Headers, Response

# 502 and 504 are a proxy's words for the same; 520 to 530 Cloudflare's.
_OVERLOADED = frozenset({502, 503, 504, *range(520, 531)})
_AWAY = frozenset({"timeout", "connection-refused", "connection-lost"})
# A page was on its way, so the site is there.
_ANSWERED = frozenset({"too-large", "data-loss", "stopped"})
_RESOLUTION_S = 0.001
# As Scrapy's Headers spells its keys.
_QUOTA_HEADERS = (
    *(b"Ratelimit", b"Ratelimit-Policy", b"Ratelimit-Remaining"),
    *(b"X-Ratelimit-Remaining", b"X-Rate-Limit-Remaining"),
)


def ending_of_response(
    request: Request, response: Response, now: float, lag_s: float = 0.0
) -> Ending:
    """Return how ``request`` ended with ``response`` at ``now`` (unix seconds).

    lag_s: how late our own event loop is, which is taken off the site's latency.
    """
    if "cached" in response.flags:
        return Ending(Verdict.IGNORED)
    status = response.status
    headers = response.headers
    policy = _policy(headers, now)
    wait_s = None
    verdict = Verdict.OK
    if status == 429 or status in _OVERLOADED:
        verdict = Verdict.THROTTLED if status == 429 else Verdict.OVERLOADED
        value = headers.get(b"Retry-After")
        wait_s = retry_after_s(value.decode("latin-1"), now) if value is not None else None
    rtt_s = _rtt_s(request)
    # Late once when it is written, once when the answer is read, and once more to be sure.
    rtt_s = max(rtt_s - 3 * lag_s, min(rtt_s, _RESOLUTION_S))
    return Ending(verdict, rtt_s, wait_s, policy)


def ending_of_exception(request: Request, exception: Exception) -> Ending:
    """Return how ``request`` ended with ``exception``."""
    reason = reason_of(exception)
    if reason in _AWAY:
        return Ending(Verdict.OVERLOADED)
    if reason in _ANSWERED:
        return Ending(Verdict.OK, _rtt_s(request))
    return Ending(Verdict.IGNORED)


def _rtt_s(request: Request) -> float:
    """Return seconds to the first byte, as the download handler left them in ``meta``."""
    timings = request.meta.get("timings")
    return float(timings["ttfb"] if timings else request.meta.get("download_latency", 0.0))


def _policy(headers: Headers, now: float) -> RatePolicy | None:
    raw = cast("dict[bytes, list[bytes]]", headers)
    # Nearly always there is none: then this is all it costs.
    if not any(dict.__contains__(raw, name) for name in _QUOTA_HEADERS):
        return None

    def get(name: str) -> str | None:
        value = headers.get(name)
        return value.decode("latin-1") if value is not None else None

    return policy_of(get, now)
