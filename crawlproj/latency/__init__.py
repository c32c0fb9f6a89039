"""Measures where time goes: phases of requests, histograms, code that blocks the loop. Pure."""

from __future__ import annotations

from time import perf_counter
from weakref import WeakKeyDictionary

from crawlproj.latency.recorder import LatencyRecorder

__all__ = ["LatencyRecorder", "recorder_of"]

_recorders: WeakKeyDictionary[object, LatencyRecorder] = WeakKeyDictionary()


def recorder_of(crawler: object) -> LatencyRecorder:
    """Return the recorder that all parts of ``crawler`` share; the first call creates it."""
    recorder = _recorders.get(crawler)
    if recorder is None:
        recorder = _recorders[crawler] = LatencyRecorder(perf_counter)
    return recorder
