"""Signals about the use of a page: in the page, its headers, and files of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj._scrapy.headers import value_of, values_of
from crawlproj.content.page import content_of
from crawlproj.content.robots import agent_of, robots_words
from crawlproj.content.usage import (
    DIRECTIVES,
    POLICY,
    RESERVATION,
    USES,
    Signals,
    add_uses,
    read_content_signal,
    read_content_usage,
    read_directives,
    read_tdm,
)
from crawlproj.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from scrapy.http import Headers, Response
    from scrapy.settings import BaseSettings

    from crawlproj.content.page import PageContent

ROBOTS_SIGNALS, TDM_SIGNALS = "robots_signals", "tdm_signals"
"""The keys of Request.meta for what robots.txt and tdmrep.json say about the page."""

FORBIDDING = (*USES, RESERVATION, *DIRECTIVES)
"""The signals that may forbid to store a page."""

_USAGE_HEADERS = (
    (b"Content-Signal", read_content_signal),
    (b"Content-Usage", read_content_usage),
)


def respected_signals(settings: BaseSettings) -> tuple[str, ...]:
    """Return what RESPECT_SIGNALS names. Raises ConfigError, with the nearest right name."""
    names = [name.strip() for name in settings.getlist("RESPECT_SIGNALS")]
    for name in names:
        if name not in FORBIDDING:
            meant = did_you_mean(name, FORBIDDING)
            raise ConfigError(
                f"RESPECT_SIGNALS must be a list of {', '.join(FORBIDDING)}, not {name!r}{meant}"
            )
    return tuple(names)


def signals_of(response: Response) -> Signals:
    """Return the signals of a page (see usage.py); none for nearly all pages.

    The lines of robots.txt about uses, and Content-Signal and Content-Usage in the headers, hold
    together. Of TDMRep's places, the page itself counts most, then its headers, then the file.
    """
    headers, meta = response.headers, response.request.meta if response.request else {}
    signals: Signals = dict(meta.get(ROBOTS_SIGNALS) or {})
    for header, read in _USAGE_HEADERS:
        if values := values_of(headers, header):
            add_uses(signals, read(b",".join(values).decode("latin-1")))
    signals.update(meta.get(TDM_SIGNALS) or {})
    if values_of(headers, b"Tdm-Reservation"):
        _supersede(
            signals, read_tdm(_first(headers, b"Tdm-Reservation"), _first(headers, b"Tdm-Policy"))
        )
    if (page := content_of(response)) is not None:
        _supersede(signals, _tdm_in(page))
    signals.update(read_directives(robots_words(response, agent_of(response))))
    return signals


def _tdm_in(page: PageContent) -> Signals:
    reservation = next(page.meta(RESERVATION), "")
    return read_tdm(reservation, next(page.meta(POLICY), "")) if reservation else {}


def _supersede(signals: Signals, more: Signals) -> None:
    """Let what a nearer place says of TDMRep count, with the policy that it names."""
    if more:
        signals.pop(POLICY, None)
        signals.update(more)


def _first(headers: Headers, name: bytes) -> str:
    return (value_of(headers, name) or b"").decode("latin-1")
