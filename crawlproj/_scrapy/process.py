"""Lets a crawl that is asked to stop twice at the same moment stop in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.stop_signals import StopSignals

if TYPE_CHECKING:
    from types import FrameType

    from scrapy.crawler import CrawlerProcessBase


def forgive_copies(process: CrawlerProcessBase, stops: StopSignals | None = None) -> None:
    """Ignore a second signal to stop that is a copy of the first; any other ends it at once."""
    stops = stops or StopSignals()
    drain, end = process._signal_shutdown, process._signal_kill

    def on_first(number: int, frame: FrameType | None) -> None:
        stops.take()
        drain(number, frame)

    def on_next(number: int, frame: FrameType | None) -> None:
        if stops.take():
            end(number, frame)

    # Scrapy looks them up when it starts, and when the first signal has come.
    vars(process).update(_signal_shutdown=on_first, _signal_kill=on_next)
