"""A crawl that is asked to stop twice at the same moment stops in order."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import pytest

from crawlproj._scrapy.process import forgive_copies
from crawlproj.stop_signals import COPY_S, StopSignals


@pytest.mark.parametrize(
    ("times", "calls"),
    [
        ([0.0], ["drain"]),
        ([0.0, 0.001], ["drain"]),
        ([0.0, 0.001, COPY_S], ["drain", "end"]),
        ([5.0, 5.0 + COPY_S], ["drain", "end"]),
    ],
)
def test_a_copy_of_the_first_signal_does_not_end_a_crawl_at_once(
    times: list[float], calls: list[str]
) -> None:
    called: list[str] = []
    handlers = []

    def drain(*_: object) -> None:
        called.append("drain")
        handlers.append(process._signal_kill)  # as Scrapy does

    process = SimpleNamespace(_signal_shutdown=drain, _signal_kill=lambda *_: called.append("end"))
    forgive_copies(process, StopSignals(iter(times).__next__))  # type: ignore[arg-type]
    handlers.append(process._signal_shutdown)
    for _ in times:
        handlers[-1](signal.SIGTERM, None)
    assert called == calls
