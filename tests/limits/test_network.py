"""Whose fault it is that requests fail: the site's, or that of this machine and its network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.limits.network import Blame, Network, Trouble
from tests.frontier.helpers import Now

A, B, C = "http://a.test", "https://b.test:8443", "http://c.test"
ADDRESS, OTHER = "http://192.0.2.7:8000", "http://[2001:db8::7]"
REMOTE = [Trouble.NAMES, Trouble.ROUTES, Trouble.SILENCE]


def network(*answered: str, patience_s: float = 3600.0) -> tuple[Network, Now]:
    """A network on which these places have answered, ten seconds ago."""
    now = Now()
    made = Network(now, patience_s)
    for place in answered:
        made.on_answer(place)
    now.time += 10
    return made, now


@pytest.mark.parametrize("trouble", REMOTE)
def test_a_site_in_trouble_is_to_blame_if_a_witness_can_be_reached(trouble: Trouble) -> None:
    net, _ = network(A, B)
    assert net.blame(C, trouble) is Blame.UNKNOWN
    assert net.witnesses(C, trouble) == [B, A]
    net.on_works(trouble)
    assert net.blame(C, trouble) is Blame.SITE
    assert net.trouble is None


@pytest.mark.parametrize("trouble", [Trouble.ROUTES, Trouble.SILENCE])
def test_a_fresh_answer_of_another_site_shows_that_the_network_is_there(trouble: Trouble) -> None:
    net, now = network(A)
    net.on_answer(A)
    now.time += 0.9
    assert net.blame(B, trouble) is Blame.SITE
    assert net.blame(A, trouble) is not Blame.UNKNOWN, "its own answer is older than its trouble"


def test_answers_do_not_show_that_names_can_be_resolved() -> None:
    net, _ = network(A)
    net.on_answer(A)
    assert net.blame(B, Trouble.NAMES) is Blame.UNKNOWN
    net.on_away(Trouble.NAMES)
    net.on_answer(A)
    assert net.trouble is Trouble.NAMES


def test_the_first_answer_of_all_shows_that_names_can_be_resolved() -> None:
    net, _ = network()
    assert net.blame(B, Trouble.NAMES) is Blame.OURS
    net.on_away(Trouble.NAMES)
    net.on_answer(A)
    assert net.trouble is None
    assert net.blame(B, Trouble.NAMES) is Blame.SITE


def test_witnesses_for_names_are_names_if_there_are_any() -> None:
    net, _ = network(A, ADDRESS, OTHER)
    assert net.witnesses(C, Trouble.NAMES) == [A]
    assert net.witnesses(C, Trouble.ROUTES) == [OTHER, ADDRESS, A]
    net, _ = network(ADDRESS)
    assert net.witnesses(C, Trouble.NAMES) == [ADDRESS]


def test_the_silence_of_the_only_site_is_its_own() -> None:
    for answered in ((), (A,)):
        net, _ = network(*answered)
        assert net.blame(A, Trouble.SILENCE) is Blame.SITE


@pytest.mark.parametrize("trouble", [Trouble.NAMES, Trouble.ROUTES, Trouble.FILES])
def test_what_this_machine_says_itself_is_not_the_fault_of_the_only_site(trouble: Trouble) -> None:
    for answered in ((), (A,)):
        net, _ = network(*answered)
        assert net.blame(A, trouble) is Blame.OURS


def test_missing_files_are_never_the_fault_of_a_site() -> None:
    net, _ = network(A, B)
    net.on_answer(B)
    assert net.blame(A, Trouble.FILES) is Blame.OURS


@pytest.mark.parametrize("trouble", Trouble)
def test_while_the_network_is_away_nothing_is_the_fault_of_a_site(trouble: Trouble) -> None:
    net, _ = network(A)
    net.on_away(Trouble.NAMES)
    assert net.blame(B, trouble) is Blame.OURS


@pytest.mark.parametrize("trouble", REMOTE)
def test_what_began_before_the_network_was_back_is_not_the_fault_of_a_site(
    trouble: Trouble,
) -> None:
    net, now = network(A)
    net.on_away(Trouble.NAMES)
    now.time += 20
    net.on_back()
    now.time += 3
    assert net.blame(B, trouble, 3.1) is Blame.PAST
    assert net.blame(B, trouble, 2.9) is Blame.UNKNOWN


def test_probes_come_seldom_in_a_long_outage_and_cover_those_that_answered_and_failed() -> None:
    net, now = network(A, ADDRESS)
    net.blame(C, Trouble.NAMES)
    net.on_away(Trouble.NAMES)
    assert net.probe_in_s == 1
    now.time += 100
    assert net.probe_in_s == 12
    now.time += 1000
    assert net.probe_in_s == 30
    assert net.places_to_probe(Trouble.NAMES) == [A, C]
    assert net.places_to_probe(Trouble.ROUTES) == [ADDRESS, A, C]


def test_a_network_on_which_nothing_ever_answered_is_given_up_after_two_minutes() -> None:
    net, now = network()
    net.on_away(Trouble.ROUTES)
    now.time += 120
    assert not net.given_up
    now.time += 1
    assert net.given_up


def test_a_network_that_was_there_is_given_up_after_the_patience() -> None:
    net, now = network(A, patience_s=600)
    net.on_away(Trouble.ROUTES)
    now.time += 599
    assert not net.given_up
    now.time += 2
    assert net.given_up


PLACES = st.sampled_from([A, B, C, ADDRESS, OTHER])
EVENTS = st.one_of(
    st.tuples(st.just("answer"), PLACES),
    st.tuples(st.just("fail"), PLACES, st.sampled_from(Trouble), st.booleans()),
    st.tuples(st.just("wait"), st.floats(0, 100)),
    st.tuples(st.just("back")),
)


@given(st.lists(EVENTS, max_size=60))
def test_time_away_adds_up_and_one_site_alone_never_pauses_a_crawl_by_silence(
    events: list[tuple[object, ...]],
) -> None:
    net, now = network()
    away_s, answered, outages = 0.0, set[str](), 0
    for event in events:
        match event:
            case ("answer", str(place)):
                net.on_answer(place)
                answered.add(place)
                assert net.trouble not in {Trouble.ROUTES, Trouble.SILENCE}
            case ("fail", str(place), Trouble() as trouble, bool(reachable)):
                was_away = net.trouble is not None
                blame = net.blame(place, trouble)
                if was_away:
                    assert blame is Blame.OURS
                elif trouble is Trouble.SILENCE and answered <= {place}:
                    assert blame is Blame.SITE
                if blame is Blame.UNKNOWN:
                    witnesses = net.witnesses(place, trouble)
                    assert witnesses
                    assert place not in witnesses
                    assert answered.issuperset(witnesses)
                    if reachable:
                        net.on_works(trouble)
                        assert net.blame(place, trouble) is Blame.SITE
                        continue
                if blame is not Blame.SITE:
                    net.on_away(trouble)
                    outages += not was_away
            case ("wait", float(seconds)):
                now.time += seconds
                away_s += seconds if net.trouble is not None else 0.0
            case _:
                net.on_back()
                assert net.trouble is None
        assert net.away_s == pytest.approx(away_s)
        assert net.outages == outages
        assert 1 <= net.probe_in_s <= 30
