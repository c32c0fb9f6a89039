"""The rules of frontier/base.py, tested on every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, State
from tests.frontier.helpers import claim, entry, put, run

if TYPE_CHECKING:
    from crawlproj.frontier.base import Frontier
    from tests.frontier.helpers import Now


def test_putting_a_known_key_changes_nothing_in_any_state(frontier: Frontier) -> None:
    assert put(frontier, entry(1), entry(1)) == 1
    (lease,) = claim(frontier)
    assert put(frontier, entry(1)) == 0
    run(frontier.write([], [Ack(lease.id, State.DONE)]))
    assert put(frontier, entry(1)) == 0
    assert claim(frontier) == []


def test_a_higher_priority_is_claimed_first_and_the_oldest_among_equals(frontier: Frontier) -> None:
    put(frontier, entry(1), entry(2, priority=5), entry(3), entry(4, priority=5))
    assert [lease.entry.key for lease in claim(frontier)] == [2, 4, 1, 3]


@pytest.mark.parametrize("number", [15, 16, 17, 40])
def test_many_entries_put_at_once_keep_their_order_and_end_as_their_acks_say(
    frontier: Frontier, number: int
) -> None:
    assert put(frontier, *(entry(key) for key in [*range(number), *range(0, number, 3)])) == number
    leases = claim(frontier, per_site=number)
    assert [lease.entry.key for lease in leases] == list(range(number))
    outcomes = [(State.DONE, ""), (State.FAILED, "dns"), (State.FAILED, "tls")]
    acks = [Ack(lease.id, *outcomes[lease.entry.key % 3]) for lease in leases]
    run(frontier.write([], acks))
    totals = run(frontier.totals())
    assert (totals.pending, totals.leased) == (0, 0)
    assert totals.done + sum(totals.failed.values()) == number
    assert totals.failed == {"dns": len(range(1, number, 3)), "tls": len(range(2, number, 3))}


def test_a_claim_takes_the_sites_in_turn(frontier: Frontier) -> None:
    put(frontier, *(entry(n, "a.test") for n in range(10)), entry(10, "b.test"))
    assert {lease.entry.site for lease in claim(frontier, limit=2)} == {"a.test", "b.test"}


def test_a_site_never_has_more_leases_than_per_site(frontier: Frontier) -> None:
    put(frontier, *(entry(n) for n in range(10)))
    (first,) = claim(frontier, limit=1, per_site=3)
    assert len(claim(frontier, per_site=3)) == 2
    assert claim(frontier, per_site=3) == []
    run(frontier.write([], [Ack(first.id, State.DONE)]))
    assert len(claim(frontier, per_site=3)) == 1


def test_a_resting_site_is_left_alone_until_its_rest_ends(frontier: Frontier, now: Now) -> None:
    put(frontier, entry(1, "away.test"), entry(2, "b.test"))
    resting = {"away.test": now.time + 60}
    assert [lease.entry.site for lease in claim(frontier, resting=resting)] == ["b.test"]
    now.time += 60
    assert [lease.entry.site for lease in claim(frontier, resting=resting)] == ["away.test"]


def test_a_delayed_entry_is_not_claimed_before_its_time(frontier: Frontier, now: Now) -> None:
    put(frontier, entry(1, not_before=1010.0))
    assert claim(frontier) == []
    assert run(frontier.next_ready()) == 1010.0
    now.time = 1010.0
    assert len(claim(frontier)) == 1


def test_a_stale_ack_changes_nothing(frontier: Frontier, now: Now) -> None:
    put(frontier, entry(1))
    (first,) = claim(frontier)
    now.time += 31
    assert run(frontier.renew([first.id], lease_s=30)) == {first.id}
    assert run(frontier.reap()) == 1
    (second,) = claim(frontier)
    assert second.attempts == 1
    assert second.id != first.id
    assert run(frontier.write([], [Ack(first.id, State.FAILED, "timeout")])).stale == 1
    assert run(frontier.write([], [Ack(second.id, State.DONE)])).stale == 0
    assert run(frontier.totals()).done == 1


def test_a_renewed_lease_outlives_its_first_deadline(frontier: Frontier, now: Now) -> None:
    put(frontier, entry(1))
    (lease,) = claim(frontier)
    now.time += 20
    assert run(frontier.renew([lease.id], lease_s=30)) == set()
    now.time += 20
    assert run(frontier.reap()) == 0


def test_a_lease_is_over_at_its_deadline(frontier: Frontier, now: Now) -> None:
    put(frontier, entry(1))
    (lease,) = claim(frontier)
    now.time = lease.deadline
    assert run(frontier.write([], [Ack(lease.id, State.DONE)])).stale == 1
    assert run(frontier.renew([lease.id], lease_s=60)) == {lease.id}
    assert run(frontier.reap()) == 1
    (again,) = claim(frontier)
    assert (again.entry.key, again.attempts) == (1, 1)


def test_a_requeue_replaces_the_entry_and_counts_an_attempt_unless_it_says_otherwise(
    frontier: Frontier,
) -> None:
    put(frontier, entry(1))
    (lease,) = claim(frontier)
    run(frontier.write([], [Ack(lease.id, State.PENDING, entry=entry(1, priority=7))]))
    (lease,) = claim(frontier)
    assert (lease.attempts, lease.entry.priority) == (1, 7)
    run(frontier.write([], [Ack(lease.id, State.PENDING, count_attempt=False)]))
    assert claim(frontier)[0].attempts == 1


@pytest.mark.parametrize(
    ("state", "message"),
    [(State.LEASED, "LEASED is not an outcome"), (State.FAILED, "FAILED needs a reason")],
)
def test_an_ack_that_would_corrupt_the_counts_cannot_be_made(state: State, message: str) -> None:
    with pytest.raises(FrontierError, match=message):
        Ack(1, state)


def test_what_does_not_end_cannot_be_forgotten() -> None:
    with pytest.raises(FrontierError, match="what is forgotten has ended"):
        Ack(1, State.PENDING, forget=True)


@pytest.mark.parametrize("key", [1, 0, -1, 2**63 - 1, -(2**63), 10**14, -(10**14) - 7])
def test_a_forgotten_entry_is_in_no_count_and_its_key_may_be_put_again(
    frontier: Frontier, key: int
) -> None:
    put(frontier, entry(5), *(entry(n) for n in range(100, 500)))
    while leases := claim(frontier, per_site=1000):
        run(frontier.write([], [Ack(lease.id, State.DONE) for lease in leases]))
    before = run(frontier.totals())
    for state, reason in ((State.DONE, ""), (State.FAILED, "timeout"), (State.SKIPPED, "robots")):
        assert put(frontier, entry(key)) == 1
        assert put(frontier, entry(key)) == 0
        (lease,) = claim(frontier)
        assert lease.entry.key == key
        assert put(frontier, entry(key)) == 0
        ack = Ack(lease.id, state, reason, forget=True)
        assert run(frontier.write([], [ack])).stale == 0
        assert run(frontier.write([], [ack])).stale == 1
        assert run(frontier.totals()) == before
        assert run(frontier.sites()) == {"a.test": before}
    run(frontier.finish())


def test_a_finished_generation_can_be_reopened_with_what_it_knows(frontier: Frontier) -> None:
    put(frontier, entry(1))
    (lease,) = claim(frontier)
    run(frontier.write([], [Ack(lease.id, State.DONE)]))
    run(frontier.finish())
    run(frontier.close())
    opened = run(frontier.open("job", reopen=True))
    assert (opened.generation, opened.resumed, opened.finished) == (1, True, False)
    assert put(frontier, entry(1), entry(2)) == 1
    assert run(frontier.totals()).done == 1
    run(frontier.close())
    assert run(frontier.open("job")).generation == 1  # it has not finished again


def test_reopening_a_job_that_was_never_there_begins_it(frontier: Frontier) -> None:
    opened = run(frontier.open("another", reopen=True))
    assert (opened.generation, opened.resumed) == (1, False)
    run(frontier.finish())
    assert run(frontier.open("another", reset=True, reopen=True)).generation == 2


def test_the_states_add_up_to_discovered(frontier: Frontier) -> None:
    put(frontier, *(entry(n) for n in range(5)))
    one, two, three = claim(frontier, limit=3)
    acks = [Ack(one.id, State.DONE), Ack(two.id, State.FAILED, "http-404")]
    run(frontier.write([], acks))
    totals = run(frontier.totals())
    assert (totals.discovered, totals.pending, totals.leased, totals.done) == (5, 2, 1, 1)
    assert totals.failed == {"http-404": 1}
    assert run(frontier.sites()) == {"a.test": totals}
    assert run(frontier.skip_pending("max-pages")) == 2
    run(frontier.write([], [Ack(three.id, State.SKIPPED, "robots")]))
    assert run(frontier.totals()).skipped == {"max-pages": 2, "robots": 1}


def test_a_finished_job_starts_a_new_generation_and_an_interrupted_one_continues(
    frontier: Frontier,
) -> None:
    put(frontier, entry(1))
    claim(frontier)
    with pytest.raises(FrontierError, match="1 leased"):
        run(frontier.finish())
    run(frontier.close())
    assert run(frontier.open("job")).resumed
    (lease,) = claim(frontier)
    assert lease.attempts == 0
    run(frontier.write([], [Ack(lease.id, State.DONE)]))
    run(frontier.finish())
    opened = run(frontier.open("job"))
    assert (opened.generation, opened.resumed) == (2, False)
    assert put(frontier, entry(1)) == 1
    assert run(frontier.open("job", reset=True)).generation == 3
    assert run(frontier.totals()).discovered == 0


def test_a_new_note_replaces_the_old_one(frontier: Frontier) -> None:
    assert run(frontier.notes()) == {}
    run(frontier.note({"a.test": "old", "b.test:81": ""}))
    run(frontier.note({"a.test": "nëw"}))
    run(frontier.note({}))
    assert run(frontier.notes()) == {"a.test": "nëw", "b.test:81": ""}


def test_notes_outlive_jobs_and_resets(frontier: Frontier) -> None:
    run(frontier.note({"a.test": "kept"}))
    run(frontier.finish())
    run(frontier.open("job"))
    assert run(frontier.notes()) == {"a.test": "kept"}
    run(frontier.open("job", reset=True))
    assert run(frontier.notes()) == {"a.test": "kept"}
    run(frontier.open("other"))
    assert run(frontier.notes()) == {"a.test": "kept"}


def test_a_note_needs_no_entry_and_creates_none(frontier: Frontier) -> None:
    run(frontier.note({"unheard-of.test": "noted"}))
    assert run(frontier.totals()).discovered == 0
    assert run(frontier.sites()) == {}
    put(frontier, entry(1, "a.test"))
    assert run(frontier.notes()) == {"unheard-of.test": "noted"}


def test_only_the_latest_notes_are_returned_when_there_are_too_many(
    frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("memory", "sqlite.job", "redis.notes"):
        monkeypatch.setattr(f"crawlproj.frontier.{module}.MAX_NOTES", 3)
    for name in ("a", "b", "c", "d"):
        run(frontier.note({name: "once"}))
    run(frontier.note({"b": "again"}))
    assert run(frontier.notes()) == {"c": "once", "d": "once", "b": "again"}
