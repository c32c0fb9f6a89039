"""Commands from what a user gives, checked. Each function returns a Command without an id.

who, at: who gives the command, and when (unix seconds). Sites are hosts, with the port unless it is
the scheme's default, or globs over them: "*.example.org"; "*" is the whole crawl.

All raise ConfigError, which says what is wrong and what to write.
"""

from __future__ import annotations

import getpass
import re
import socket
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.frontier.commands import Command, Selection, Verb
from crawlproj.spans import seconds_of
from crawlproj.steering.standing import ALL
from crawlproj.url_patterns import UrlPatterns
from crawlproj.urls import normalize

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_URLS = 1_000
"""How many URLs one ADD takes."""

_PRIORITIES = range(-(2**31), 2**31)


def user() -> str:
    """Return who runs this process, as ``name@host``."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        name = "unknown"
    return f"{name}@{socket.gethostname()}"


def moment(text: str, now: float) -> float:
    """Return a time in unix seconds.

    text: how long from now ("90s", "10m", "2h", "1d"), a time of day ("15:30", the next one), or
    ISO 8601 ("2026-11-28T15:30"), in local time unless it has an offset.
    """
    if (span_s := seconds_of(text)) is not None:
        return now + span_s
    here = datetime.fromtimestamp(now).astimezone()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", text):
            hour, minute = map(int, text.split(":"))
            then = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
            then += timedelta(days=then <= here)
        else:
            then = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is not a time: write 10m, 2h, 15:30 or 2026-11-28T15:30"
        ) from None
    when = then.timestamp()
    if when <= now:
        raise ConfigError(f"{text!r} is over: give a time that is yet to come")
    return when


def site(text: str) -> str:
    """Return the pattern of sites in ``text``, in the form of the frontier's names of sites."""
    wanted = text.strip().lower()
    if "/" in wanted or not wanted or any(map(str.isspace, wanted)):
        raise ConfigError(
            f"{text!r} is not a site: write its host, example.org or example.org:8080, or a "
            "pattern of hosts, *.example.org"
        )
    return wanted


def pause(sites: str, *, who: str, at: float, until: float | None = None) -> Command:
    """Start no request at ``sites``; the crawl waits for them. until: when that ends by itself."""
    return Command(Verb.PAUSE, _given(site=site(sites), until=until), who, at)


def resume(sites: str, *, who: str, at: float) -> Command:
    """End the pauses and drains of ``sites``."""
    return Command(Verb.RESUME, {"site": site(sites)}, who, at)


def drain(sites: str, *, who: str, at: float, worker: str = "") -> Command:
    """Start nothing more at ``sites`` in this run, which does not wait for them.

    All sites: let what is in flight end, and then every worker. worker: only that one.
    """
    pattern = site(sites)
    if worker and pattern != ALL:
        raise ConfigError("drain either sites or a worker: a worker ends as a whole")
    return Command(Verb.DRAIN, _given(site=pattern, worker=worker or None), who, at)


def limit(
    sites: str,
    *,
    who: str,
    at: float,
    limit: float | None = None,
    maximum: float | None = None,
    rate: float | None = None,
    delay_s: float | None = None,
    until: float | None = None,
    reset: bool = False,
) -> Command:
    """Change the limits of ``sites``; what is None stays.

    limit: requests in flight, whatever is learned. maximum: the most that may be learned; one of
    the two replaces the other. rate: the most requests/s. delay_s: seconds between two starts;
    robots.txt may ask for more. until: when that ends by itself. reset: forget what was commanded
    before.
    """
    if limit is not None and maximum is not None:
        raise ConfigError("give a limit or a maximum: a limit is exact, a maximum only bounds it")
    values = {"limit": limit, "max": maximum, "rate": rate, "delay": delay_s}
    lowest = {"limit": 1.0, "max": 1.0, "rate": 1e-6, "delay": 0.0}
    for name, value in values.items():
        if value is not None and not (isfinite(value) and value >= lowest[name]):
            raise ConfigError(f"{name} must be a number of at least {lowest[name]:g}, not {value}")
    if not reset and all(value is None for value in values.values()):
        raise ConfigError("say what to change: a limit, a maximum, a rate, a delay, or reset")
    arguments = _given(site=site(sites), until=until, **values)
    return Command(Verb.LIMIT, {**arguments, "reset": True} if reset else arguments, who, at)


def selection(*, reason: str = "", sites: str = "", pattern: str = "") -> Selection:
    """Return the entries with this reason, of these sites, whose URLs match; "" is any."""
    try:
        UrlPatterns([pattern] if pattern else [])
    except ValueError as exc:
        raise ConfigError(str(exc)) from None
    return Selection(reason, site(sites) if sites else "", pattern)


def skip(chosen: Selection, *, who: str, at: float, token: str = "") -> Command:
    """Skip the pending URLs that are chosen, and those found later in the generation."""
    if not chosen.pattern and not chosen.site:
        raise ConfigError("say which URLs to skip: a pattern such as '*/calendar/*', or a site")
    return Command(Verb.SKIP, chosen.data(), who, at, token)


def requeue(chosen: Selection, token: str, *, who: str, at: float) -> Command:
    """Put failed URLs back to pending: those that the preview ``token`` counted."""
    if not token:
        raise ConfigError("requeue needs a preview: it changes exactly what that counted")
    return Command(Verb.REQUEUE, chosen.data(), who, at, token)


def prioritize(
    chosen: Selection, priority: int, *, who: str, at: float, token: str = ""
) -> Command:
    """Give the pending URLs that are chosen another priority."""
    if not chosen.pattern and not chosen.site:
        raise ConfigError("say which URLs come first: a pattern such as '*/news/*', or a site")
    arguments = {**chosen.data(), "priority": _priority(priority)}
    return Command(Verb.PRIORITIZE, arguments, who, at, token)


def add(urls: Sequence[str], *, who: str, at: float, priority: int = 0) -> Command:
    """Put URLs that the crawl has not found; those that it knows stay as they are."""
    normal = []
    for url in urls:
        found = normalize(url.strip())
        if found is None:
            raise ConfigError(f"{url!r} is not a URL to crawl: write it with http:// or https://")
        normal.append(found)
    if not normal:
        raise ConfigError("give at least one URL to add")
    if len(normal) > MAX_URLS:
        raise ConfigError(f"give at most {MAX_URLS:,} URLs at once, not {len(normal):,}")
    return Command(Verb.ADD, {"urls": normal, "priority": _priority(priority)}, who, at)


def _priority(priority: int) -> int:
    if priority not in _PRIORITIES:
        raise ConfigError(f"a priority is a whole number of 32 bits, not {priority}")
    return priority


def _given(**arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}
