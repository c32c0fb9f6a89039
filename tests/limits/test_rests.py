"""Which sites rest, and when the first rest ends."""

from __future__ import annotations

from crawlproj.limits.rests import Rests

NOW = 1000.0


def test_a_wait_of_up_to_a_second_is_not_a_rest() -> None:
    rests = Rests()
    rests.set("a.test", NOW + 1, NOW)
    assert rests.end_of("a.test") is None
    rests.set("a.test", NOW + 1.1, NOW)
    assert rests.end_of("a.test") == NOW + 1.1
    rests.set("a.test", NOW, NOW)
    assert rests.end_of("a.test") is None


def test_a_rest_is_current_until_it_ends() -> None:
    rests = Rests()
    rests.set("a.test", NOW + 5, NOW)
    rests.set("b.test", NOW + 9, NOW)
    assert rests.current(NOW + 4) == {"a.test": NOW + 5, "b.test": NOW + 9}
    assert rests.current(NOW + 5) == {"b.test": NOW + 9}


def test_the_first_end_follows_rests_that_change() -> None:
    rests = Rests()
    assert rests.first_end(NOW) is None
    rests.set("a.test", NOW + 20, NOW)
    rests.set("b.test", NOW + 10, NOW)
    assert rests.first_end(NOW) == NOW + 10
    rests.set("b.test", NOW + 30, NOW)
    assert rests.first_end(NOW) == NOW + 20
    rests.set("a.test", NOW, NOW)
    assert rests.first_end(NOW) == NOW + 30
    assert rests.first_end(NOW + 30) is None


def test_extending_a_rest_again_and_again_takes_no_more_memory() -> None:
    rests = Rests()
    rests.set("first.test", NOW + 1.5, NOW)
    for seconds in range(2, 10_000):
        rests.set("a.test", NOW + seconds, NOW)
    assert len(rests._queue) < 100
    assert rests.first_end(NOW) == NOW + 1.5


def test_a_long_rest_that_begins_or_grows_is_named() -> None:
    rests = Rests()
    rests.set("a.test", NOW + 9, NOW)
    assert not rests.long
    rests.set("a.test", NOW + 60, NOW)
    rests.set("b.test", NOW + 60, NOW)
    assert rests.long == {"a.test", "b.test"}
    rests.long.clear()
    rests.set("a.test", NOW + 50, NOW)  # one that is shortened began long ago
    rests.set("b.test", NOW + 70, NOW)
    assert rests.long == {"b.test"}
