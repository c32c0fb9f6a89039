"""A shape that keeps overrunning takes the slow lane, for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.serve.lanes.demotions import Demotions

if TYPE_CHECKING:
    from tests.frontier.helpers import Now


def overrun(demotions: Demotions, times: int, shape: str = "pages(status)") -> None:
    for _ in range(times):
        demotions.ran(shape, overran=True)


def test_one_overrun_demotes_nothing_and_the_third_does(now: Now) -> None:
    demotions = Demotions(now)
    overrun(demotions, 2)
    assert not demotions.is_demoted("pages(status)")
    overrun(demotions, 1)
    assert demotions.is_demoted("pages(status)")
    assert not demotions.is_demoted("pages(site)")
    (demotion,) = demotions.now()
    assert (demotion.shape, demotion.overruns, demotion.until) == ("pages(status)", 3, 1060.0)


def test_overruns_that_are_rare_demote_nothing(now: Now) -> None:
    demotions = Demotions(now)
    for _ in range(50):
        overrun(demotions, 1)
        for _ in range(10):
            demotions.ran("pages(status)", overran=False)
    assert demotions.now() == []


def test_after_a_demotion_one_overrun_is_enough_for_a_longer_one(now: Now) -> None:
    demotions = Demotions(now)
    overrun(demotions, 3)
    for pause_s in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        assert demotions.now()[0].until == now.time + pause_s
        now.time += pause_s
        assert not demotions.is_demoted("pages(status)")
        overrun(demotions, 1)
        assert demotions.is_demoted("pages(status)")


def test_a_shape_that_stays_in_time_is_as_good_as_new(now: Now) -> None:
    demotions = Demotions(now)
    overrun(demotions, 3)
    now.time += 60
    assert not demotions.is_demoted("pages(status)")
    for _ in range(20):
        demotions.ran("pages(status)", overran=False)
    overrun(demotions, 2)
    assert not demotions.is_demoted("pages(status)")


def test_shapes_that_are_never_seen_again_do_not_fill_the_memory(now: Now) -> None:
    demotions = Demotions(now)
    for number in range(1100):
        overrun(demotions, 1, str(number))
        demotions.ran(f"quick {number}", overran=False)
    assert len(demotions._records) == 1000
