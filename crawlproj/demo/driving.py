"""Plays a site's weather in real time on the running event loop."""

from __future__ import annotations

import asyncio
import random
import time
from itertools import count
from typing import TYPE_CHECKING

from crawlproj.demo.weather import Weather, WeatherSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.demo.weather import Reply

_TICK_S = 0.001  # resolution of uvloop's timers: a shorter wait would end too early


class WeatherDriver:
    """A WeatherSite whose clock starts with its first request."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self._weather = weather
        self._seed = seed
        self._site: WeatherSite | None = None
        self._jobs = count()
        self._waiting: dict[int, Callable[[Reply], None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def arrive(self, deliver: Callable[[Reply], None]) -> Reply | None:
        """Take a request; return its answer, or None if ``deliver`` is called with it later."""
        now = time.monotonic()
        if self._site is None:
            rng = random.Random(self._seed)  # noqa: S311 - repeatable weather, not a secret
            self._site = WeatherSite(self._weather, rng, now)
        job = next(self._jobs)
        reply = self._site.arrive(now, job)
        if reply is None:
            self._waiting[job] = deliver
        self._set_timer(self._site, now)
        return reply

    def _advance(self, site: WeatherSite) -> None:
        self._timer = None
        for job, reply in site.advance(time.monotonic()):
            self._waiting.pop(job)(reply)
        self._set_timer(site, time.monotonic())

    def _set_timer(self, site: WeatherSite, now: float) -> None:
        # An arrival can bring the next event forward, so the timer is always replaced.
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = site.next_at()
        if at is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(at - now, _TICK_S), self._advance, site)
