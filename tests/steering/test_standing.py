"""A log of commands becomes the commands that hold at a worker."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.frontier.commands import Command, Verb, matches
from crawlproj.steering.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1000.0

Log = list[Command]


@pytest.fixture
def say() -> Callable[..., Command]:
    numbers = count(1)

    def command(verb: Verb, **arguments: Any) -> Command:
        return Command(verb, arguments, "ann", NOW, "", next(numbers), 1)

    return command


def standing(*log: Command, now: float = NOW, **given: Any) -> Standing:
    return Standing.of(log, now, **{"generation": 1, **given})


def verb_of(command: Command | None) -> Verb | None:
    return command.verb if command is not None else None


def test_the_latest_command_that_matches_a_site_counts(say: Callable[..., Command]) -> None:
    held = standing(
        say(Verb.PAUSE, site="*"),
        say(Verb.RESUME, site="a.test"),
        say(Verb.PAUSE, site="*.b.test"),
    )
    assert verb_of(held.paused_by("x.test")) is Verb.PAUSE
    assert held.paused_by("a.test") is None
    assert verb_of(held.paused_by("w.b.test")) is Verb.PAUSE
    assert not held.pauses_all


def test_a_resumption_of_everything_ends_all_that_came_before(
    say: Callable[..., Command],
) -> None:
    held = standing(say(Verb.PAUSE, site="a.test"), say(Verb.DRAIN, site="*"), say(Verb.RESUME))
    assert held.paused_by("a.test") is None
    assert held.ends is None
    assert held.active == ()


def test_a_pause_of_everything_holds_all_until_something_is_resumed(
    say: Callable[..., Command],
) -> None:
    pause = say(Verb.PAUSE, site="*")
    assert standing(pause).pauses_all
    assert not standing(pause, say(Verb.RESUME, site="a.test")).pauses_all
    assert not standing(say(Verb.PAUSE, site="a.test")).pauses_all


def test_a_command_is_over_when_its_time_is(say: Callable[..., Command]) -> None:
    pause = say(Verb.PAUSE, site="a.test", until=NOW + 10)
    limit = say(Verb.LIMIT, site="a.test", max=2, until=NOW + 10)
    assert standing(pause, limit).paused_by("a.test") is pause
    after = standing(pause, limit, now=NOW + 10)
    assert after.paused_by("a.test") is None
    assert not after.wishes("a.test")
    assert after.active != standing(pause, limit).active


def test_a_pause_that_is_over_uncovers_the_one_before(say: Callable[..., Command]) -> None:
    first = say(Verb.PAUSE, site="*.test")
    second = say(Verb.RESUME, site="a.test", until=NOW + 5)
    assert standing(first, second).paused_by("a.test") is None
    assert standing(first, second, now=NOW + 5).paused_by("a.test") is first


def test_a_drain_is_for_the_run_in_which_it_was_given(say: Callable[..., Command]) -> None:
    drain = say(Verb.DRAIN, site="a.test")
    assert standing(drain).drains_any
    assert verb_of(standing(drain).paused_by("a.test")) is Verb.DRAIN
    assert standing(drain, began_after=drain.id).paused_by("a.test") is None


def test_a_drain_of_a_worker_ends_that_worker_alone(say: Callable[..., Command]) -> None:
    drain = say(Verb.DRAIN, site="*", worker="w1")
    assert standing(drain, worker="w1").ends is drain
    assert standing(drain, worker="w1").pauses_all
    assert standing(drain, worker="w2").ends is None
    assert standing(say(Verb.DRAIN, site="*"), worker="w2").ends is not None


def test_limits_add_up_and_the_latest_of_each_counts(say: Callable[..., Command]) -> None:
    log = (
        say(Verb.LIMIT, site="*.test", rate=3, delay=2),
        say(Verb.LIMIT, site="a.test", rate=1),
        say(Verb.LIMIT, site="b.test", limit=9),
    )
    wishes = standing(*log).wishes("a.test")
    assert wishes.values == {"rate": 1, "delay": 2}
    assert (wishes.by["rate"], wishes.by["delay"]) == (log[1], log[0])


def test_a_limit_and_a_maximum_replace_each_other(say: Callable[..., Command]) -> None:
    exact, bound = say(Verb.LIMIT, site="*", limit=4), say(Verb.LIMIT, site="*", max=9)
    assert standing(exact, bound).wishes("a.test").values == {"max": 9}
    assert standing(bound, exact).wishes("a.test").values == {"limit": 4}


def test_a_reset_forgets_what_was_commanded_before(say: Callable[..., Command]) -> None:
    log = (
        say(Verb.LIMIT, site="*", max=4, rate=1),
        say(Verb.LIMIT, site="a.*", reset=True, delay=3),
    )
    assert standing(*log).wishes("a.test").values == {"delay": 3}
    assert standing(*log).wishes("b.test").values == {"max": 4, "rate": 1}


def test_commands_that_later_ones_replace_do_not_hold_any_more(
    say: Callable[..., Command],
) -> None:
    log = (
        say(Verb.PAUSE, site="a.test"),
        say(Verb.LIMIT, site="a.test", max=2),
        say(Verb.LIMIT, site="a.test", rate=1),
        say(Verb.LIMIT, site="a.test", limit=5),
    )
    assert standing(*log).active == (log[0], log[2], log[3])
    assert standing(*log, say(Verb.RESUME, site="a.test")).pauses == []
    assert standing(*log, say(Verb.LIMIT, site="*", reset=True)).limits == []
    elsewhere = say(Verb.LIMIT, site="*", delay=3)
    kept = say(Verb.LIMIT, site="a.test", reset=True)
    assert standing(elsewhere, *log, kept).limits == [elsewhere, kept]


def test_a_command_for_one_site_is_not_compared_with_those_for_all_others(
    say: Callable[..., Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def counting(site: str, pattern: str) -> bool:
        compared.append(site)
        return matches(site, pattern)

    monkeypatch.setattr("crawlproj.steering.standing.matches", counting)
    log = [say(Verb.PAUSE, site="*.example.org")]
    for n in range(100):
        log += (
            say(Verb.PAUSE, site=f"{n}.test"),
            say(Verb.LIMIT, site=f"{n}.test", max=2),
            say(Verb.RESUME, site=f"{n}.test"),
        )
    held = standing(*log)
    assert (len(held.pauses), len(held.limits)) == (1, 100)
    assert len(compared) < 1_000


def test_a_site_may_look_like_a_glob(say: Callable[..., Command]) -> None:
    held = standing(say(Verb.PAUSE, site="[::1]:80"), say(Verb.LIMIT, site="[::1]:80", max=2))
    assert verb_of(held.paused_by("[::1]:80")) is Verb.PAUSE
    assert held.wishes("[::1]:80").values == {"max": 2}
    assert standing(*held.active, say(Verb.RESUME, site="[::1]:80")).pauses == []


SITES = ("a.test", "b.test", "[::1]")
PATTERNS = st.sampled_from([*SITES, "*", "*.test", "a.*", "[ab].test"])
RESTING = st.sampled_from([Verb.PAUSE, Verb.RESUME, Verb.DRAIN])
CHANGES = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(("max", "rate", "delay"), st.integers(1, 3)), "reset": st.just(1)}
).filter(bool)


NOTHING: st.SearchStrategy[dict[str, int]] = st.just({})
SAID = st.one_of(
    st.tuples(RESTING, PATTERNS, NOTHING), st.tuples(st.just(Verb.LIMIT), PATTERNS, CHANGES)
)


@given(st.lists(SAID, max_size=8))
def test_forgetting_what_was_replaced_changes_nothing_for_any_site(
    said: list[tuple[Verb, str, dict[str, int]]],
) -> None:
    log = [
        Command(verb, {"site": site, **more}, "ann", NOW, "", number, 1)
        for number, (verb, site, more) in enumerate(said, 1)
    ]
    held = standing(*log)
    unpruned = Standing([], [one for one in log if one.verb is Verb.LIMIT])
    for site in SITES:
        assert held.wishes(site) == unpruned.wishes(site)
        assert held.paused_by(site) == holder_by_definition(log, site)


def holder_by_definition(log: Log, site: str) -> Command | None:
    holder = ends = None
    for command in log:
        pattern = command.arguments["site"]
        if command.verb is Verb.LIMIT or not matches(site, pattern):
            continue
        if pattern == "*" and command.verb is not Verb.PAUSE:
            ends = command if command.verb is Verb.DRAIN else None
        if command.verb is Verb.RESUME:
            holder = None
        elif (pattern, command.verb) != ("*", Verb.DRAIN):
            holder = command
    return ends or holder


def test_skips_are_for_their_generation(say: Callable[..., Command]) -> None:
    skip = say(Verb.SKIP, pattern="*/old/*", site="a.*")
    skips = standing(skip).skipper()
    assert skips is not None
    assert skips("a.test", "http://a.test/old/1")
    assert not skips("b.test", "http://b.test/old/1")
    assert not skips("a.test", "http://a.test/new/1")
    assert standing(skip, generation=2).skipper() is None
