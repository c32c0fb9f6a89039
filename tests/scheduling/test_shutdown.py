from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.scheduling.shutdown import ABANDON_AFTER_CANCEL_S, Shutdown

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    def __init__(self, seconds: float, function: Callable[[], None]) -> None:
        self.seconds, self.function, self.cancelled = seconds, function, False

    def cancel(self) -> None:
        self.cancelled = True


class Stage:
    """A shutdown with a grace of 8 s, its timers, and what it did."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.done: list[str] = []
        self.shutdown = Shutdown(
            8.0,
            cancel=lambda: self.done.append("cancel"),
            abandon=lambda: self.done.append("abandon"),
            call_later=self.call_later,
        )

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        self.timers.append(Timer(seconds, function))
        return self.timers[-1]


def test_downloads_are_cancelled_after_the_grace_and_the_rest_abandoned_a_second_later() -> None:
    stage = Stage()
    stage.shutdown.begin()
    (grace,) = stage.timers
    assert (grace.seconds, stage.done) == (8.0, [])
    grace.function()
    assert stage.done == ["cancel"]
    assert stage.timers[1].seconds == ABANDON_AFTER_CANCEL_S
    stage.timers[1].function()
    assert stage.done == ["cancel", "abandon"]


def test_a_second_signal_does_not_start_the_clock_again() -> None:
    stage = Stage()
    stage.shutdown.begin()
    stage.shutdown.begin()
    assert len(stage.timers) == 1


def test_nothing_is_cancelled_once_everything_has_ended() -> None:
    stage = Stage()
    stage.shutdown.begin()
    stage.shutdown.end()
    assert stage.timers[0].cancelled


def test_a_crawl_that_ends_by_itself_needs_no_clock() -> None:
    stage = Stage()
    stage.shutdown.end()
    assert not stage.shutdown.begun
    assert stage.timers == []
