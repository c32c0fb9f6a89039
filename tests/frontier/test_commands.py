"""The rules of frontier/command_log.py, tested on every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import FrontierError
from crawlproj.frontier import commands as commands_module
from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.commands import (
    PREVIEW_GONE,
    SKIPPED_BY_COMMAND,
    Command,
    Record,
    Result,
    Selection,
    Verb,
)
from crawlproj.frontier.live import TICKS_KEPT
from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.frontier.sqlite import changes as sqlite_changes
from tests.frontier.helpers import Now, claim, entry, put, run

if TYPE_CHECKING:
    from crawlproj.frontier.base import Frontier
    from crawlproj.frontier.command_log import Controls


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries take several steps."""
    monkeypatch.setattr(sqlite_changes, "ROWS", 3)
    monkeypatch.setattr(sqlite_changes, "KEYS", 2)
    monkeypatch.setattr("crawlproj.frontier.redis.changes.ROWS", 3)


def order(verb: Verb, token: str = "", **arguments: Any) -> Command:
    return Command(verb, arguments, "ann@desk", 1000.0, token)


def apply(frontier: Frontier, worker: str = "w1") -> list[Result]:
    """Apply every command that waits, as a worker does."""
    results = []
    for command in run(frontier.waiting()):
        for _ in range(50):
            result = run(frontier.change(command, worker))
            if result is not None:
                results.append(result)
                break
        else:
            raise AssertionError(f"{command} never ends")
    return results


def fail(frontier: Frontier, reason: str = "timeout", limit: int = 100) -> list[int]:
    leases = claim(frontier, limit, 100)
    run(frontier.write([], [Ack(lease.id, State.FAILED, reason) for lease in leases]))
    return [lease.entry.key for lease in leases]


def test_the_log_is_read_in_order_with_who_gave_each_command_and_when(
    frontier: Frontier, controls: Controls
) -> None:
    first = run(controls.append(order(Verb.PAUSE, site="a.test")))
    second = run(controls.append(order(Verb.RESUME, site="*")))
    assert second > first
    read = run(frontier.commands())
    assert [(one.verb, dict(one.arguments), one.who, one.at, one.generation) for one in read] == [
        (Verb.PAUSE, {"site": "a.test"}, "ann@desk", 1000.0, 1),
        (Verb.RESUME, {"site": "*"}, "ann@desk", 1000.0, 1),
    ]
    assert run(frontier.commands(first)) == read[1:]
    assert run(frontier.commands(second)) == []
    assert run(controls.log()) == read


def test_only_commands_that_change_entries_wait_to_be_applied(
    frontier: Frontier, controls: Controls
) -> None:
    run(controls.append(order(Verb.PAUSE, site="a.test")))
    skip = run(controls.append(order(Verb.SKIP, pattern="*")))
    assert [command.id for command in run(frontier.waiting())] == [skip]
    apply(frontier)
    assert run(frontier.waiting()) == []


def test_the_history_has_the_first_result_of_each_worker(
    frontier: Frontier, controls: Controls
) -> None:
    number = run(controls.append(order(Verb.PAUSE, site="a.test")))
    assert run(controls.record(number)) == Record(run(controls.log())[0])
    for worker, note in (("w1", "first"), ("w2", ""), ("w1", "again")):
        run(frontier.acknowledge(Result(number, worker, 1001.0, note=note)))
    (record,) = run(controls.history())
    assert [(result.worker, result.note) for result in record.results] == [
        ("w1", "first"),
        ("w2", ""),
    ]
    assert run(controls.record(number + 1)) is None
    later = run(controls.append(order(Verb.RESUME, site="*")))
    assert [each.command.id for each in run(controls.history())] == [later, number]
    assert [each.command.id for each in run(controls.history(1))] == [later]


def test_skip_takes_the_selected_pending_entries_and_counts_them(
    frontier: Frontier, controls: Controls
) -> None:
    put(frontier, *(entry(n, "a.test") for n in range(10)), entry(100, "b.test"))
    put(frontier, entry(19, "a.test", not_before=2000.0), entry(20, "a.test", priority=4))
    (leased,) = (lease for lease in claim(frontier, 1) if lease.entry.site)
    preview = run(controls.preview(Verb.SKIP, Selection(pattern="/1*9")))
    assert (preview.urls, preview.sites) == (1, {"a.test": 1})
    run(controls.append(order(Verb.SKIP, site="a.*", pattern="re:/[0-9]+$")))
    (result,) = apply(frontier)
    assert (result.worker, result.urls) == ("w1", 11 if leased.entry.site == "a.test" else 12)
    totals = run(frontier.totals())
    assert totals.skipped == {SKIPPED_BY_COMMAND: result.urls}
    assert totals.pending + totals.leased + result.urls == 13
    left = {*claim(frontier, 100, 100), leased}
    assert {lease.entry.key for lease in left} == {leased.entry.key, 100}
    assert run(frontier.next_ready()) is None
    assert run(frontier.sites())["a.test"].skipped == {SKIPPED_BY_COMMAND: result.urls}


def test_what_stays_keeps_its_order(frontier: Frontier, controls: Controls) -> None:
    put(frontier, *(entry(n) for n in range(10)))
    run(controls.append(order(Verb.SKIP, pattern="re:/[357]$")))
    assert [result.urls for result in apply(frontier)] == [3]
    assert [lease.entry.key for lease in claim(frontier, 100, 100)] == [0, 1, 2, 4, 6, 8, 9]


def test_prioritize_moves_the_selected_entries_first(
    frontier: Frontier, controls: Controls, now: Now
) -> None:
    put(frontier, *(entry(n) for n in range(8)), entry(9, not_before=1010.0))
    run(controls.append(order(Verb.PRIORITIZE, pattern="re:/[4-9]$", priority=7)))
    assert [result.urls for result in apply(frontier)] == [5]
    assert [lease.entry.key for lease in claim(frontier, 2, 2)] == [4, 5]
    now.time = 1010.0
    leases = claim(frontier, 100, 100)
    assert {lease.entry.key for lease in leases[:3]} == {6, 7, 9}
    assert [lease.entry.priority for lease in leases] == [7, 7, 7, 0, 0, 0, 0]


def test_requeue_takes_exactly_what_was_previewed(frontier: Frontier, controls: Controls) -> None:
    put(frontier, *(entry(n) for n in range(5)), entry(50, "b.test"))
    fail(frontier, "timeout", 100)
    put(frontier, *(entry(n) for n in range(60, 63)))
    fail(frontier, "http-404")
    preview = run(controls.preview(Verb.REQUEUE, Selection("timeout", "a.test")))
    assert (preview.urls, preview.sites) == (5, {"a.test": 5})
    assert set(preview.examples) == {f"http://a.test/{n}" for n in range(5)}
    put(frontier, entry(70))
    fail(frontier, "timeout")  # it was not previewed
    assert preview.token.isalnum(), "a command line takes what begins with - for an option"
    run(controls.append(order(Verb.REQUEUE, preview.token)))
    assert [(result.urls, result.note) for result in apply(frontier)] == [(5, "")]
    assert run(frontier.totals()).failed == {"timeout": 2, "http-404": 3}
    leases = claim(frontier, 100, 100)
    assert {lease.entry.key for lease in leases} == set(range(5))
    run(controls.append(order(Verb.REQUEUE, preview.token)))
    assert [result.urls for result in apply(frontier)] == [0]  # none of them is failed now


def test_a_requeued_entry_starts_over(frontier: Frontier, controls: Controls, now: Now) -> None:
    put(frontier, entry(1))
    (lease,) = claim(frontier)
    run(frontier.write([], [Ack(lease.id, State.PENDING, entry=entry(1, not_before=1010.0))]))
    now.time = 1010.0
    fail(frontier)
    token = run(controls.preview(Verb.REQUEUE, Selection())).token
    run(controls.append(order(Verb.REQUEUE, token)))
    apply(frontier)
    (lease,) = claim(frontier)
    assert (lease.attempts, lease.entry) == (0, entry(1))
    assert run(frontier.totals()).failed == {}
    assert run(frontier.sites())["a.test"].failed == {}


def test_requeue_without_a_preview_that_is_kept_changes_nothing_and_says_so(
    frontier: Frontier, controls: Controls
) -> None:
    put(frontier, entry(1))
    fail(frontier)
    run(controls.append(order(Verb.REQUEUE, "no-such-token")))
    assert [(result.urls, result.note) for result in apply(frontier)] == [(0, PREVIEW_GONE)]


def test_a_job_does_not_finish_while_a_command_waits_that_changes_entries(
    frontier: Frontier, controls: Controls
) -> None:
    run(controls.append(order(Verb.ADD, urls=["http://a.test/"])))
    run(frontier.finish())
    run(frontier.close())
    opened = run(frontier.open("job"))
    assert (opened.generation, opened.resumed) == (1, True)
    (command,) = run(frontier.waiting())
    run(frontier.acknowledge(Result(command.id, "w1", 1000.0, 1)))
    run(frontier.finish())
    assert run(frontier.open("job")).generation == 2


def test_requeue_reopens_a_finished_job_and_the_next_open_continues_it(
    frontier: Frontier, controls: Controls
) -> None:
    put(frontier, entry(1), entry(2))
    fail(frontier)
    run(frontier.finish())
    run(frontier.close())
    assert run(controls.generation()) == (1, True)
    preview = run(controls.preview(Verb.REQUEUE, Selection("timeout")))
    run(controls.append(order(Verb.REQUEUE, preview.token)))
    assert run(controls.generation()) == (1, False)
    opened = run(frontier.open("job"))
    assert (opened.generation, opened.resumed) == (1, True)
    assert [result.urls for result in apply(frontier)] == [2]
    assert {lease.entry.key for lease in claim(frontier)} == {1, 2}


def test_commands_outlive_the_generation_but_change_only_their_own(
    frontier: Frontier, controls: Controls
) -> None:
    put(frontier, entry(1))
    pause = run(controls.append(order(Verb.PAUSE, site="a.test")))
    run(controls.append(order(Verb.SKIP, pattern="*")))
    run(frontier.open("job", reset=True))
    put(frontier, entry(2))
    assert [(result.urls, result.note) for result in apply(frontier)] == [
        (0, "its generation has ended")
    ]
    assert run(frontier.totals()).pending == 1
    assert run(frontier.commands())[0].id == pause


def test_a_preview_is_of_the_present_generation(frontier: Frontier, controls: Controls) -> None:
    put(frontier, entry(1))
    fail(frontier)
    assert run(controls.preview(Verb.REQUEUE, Selection())).urls == 1
    run(frontier.open("job", reset=True))
    assert run(controls.preview(Verb.REQUEUE, Selection())).urls == 0


def test_a_pattern_that_an_older_release_took_and_this_one_does_not_selects_nothing() -> None:
    assert not Selection(pattern="re:(?!x)").url_matcher()("http://a.test/")


def test_the_name_of_a_site_selects_it_although_it_reads_like_a_glob() -> None:
    assert Selection(site="[::1]:8080").takes_site("[::1]:8080")


def test_workers_are_seen_by_what_they_published_last(
    frontier: Frontier, controls: Controls
) -> None:
    run(frontier.publish("w1", 1000.0, '{"n":1}', "[1]"))
    run(frontier.publish("w1", 1001.0, '{"n":2}', "[2]"))
    run(frontier.publish("w2", 990.0, '{"n":3}', "[3]"))
    assert [(one.worker, one.at, one.document) for one in run(controls.workers(995.0))] == [
        ("w1", 1001.0, '{"n":2}')
    ]
    assert len(run(controls.workers(0.0))) == 2
    ticks = run(controls.ticks(1000.0))
    assert {worker: [tick.data for tick in found] for worker, found in ticks.items()} == {
        "w1": ["[1]", "[2]"]
    }


def test_a_worker_that_ended_is_not_seen_and_its_ticks_are(
    frontier: Frontier, controls: Controls
) -> None:
    for worker in ("w1", "w2"):
        run(frontier.publish(worker, 1000.0, "{}", "[1]"))
    run(frontier.withdraw("w1"))
    assert [one.worker for one in run(controls.workers(0.0))] == ["w2"]
    assert set(run(controls.ticks(0.0))) == {"w1", "w2"}


def test_only_the_last_ticks_are_kept(frontier: Frontier, controls: Controls) -> None:
    for second in range(TICKS_KEPT + 5):
        run(frontier.publish("w1", 1000.0 + second, "{}", "[]"))
    (ticks,) = run(controls.ticks(0.0)).values()
    assert (len(ticks), ticks[0].at) == (TICKS_KEPT, 1005.0)


def test_the_fate_of_a_url_follows_it_through_its_states(
    frontier: Frontier, controls: Controls, now: Now
) -> None:
    def fate(key: int) -> Any:
        return run(controls.fate(f"http://a.test/{key}", key, "a.test"))

    assert fate(1) is None
    put(frontier, *(entry(n) for n in range(5)), entry(-3, not_before=1010.0))
    assert (fate(3).state, fate(3).ahead, fate(3).url) == ("pending", 3, "http://a.test/3")
    assert (fate(-3).state, fate(-3).not_before) == ("delayed", 1010.0)
    done, failed = claim(frontier, 2, 2)
    assert fate(0).state == "leased"
    run(frontier.write([], [Ack(done.id, State.DONE), Ack(failed.id, State.FAILED, "dns")]))
    assert fate(0).state in {"done", "ended"}
    assert (fate(1).state, fate(1).reason) == ("failed", "dns")
    assert fate(3).ahead == 1


def test_the_sites_of_a_job_are_known(frontier: Frontier, controls: Controls) -> None:
    assert run(controls.known_sites()) == set()
    put(frontier, entry(1, "a.test"), entry(2, "b.test:8080"))
    assert run(controls.known_sites()) == {"a.test", "b.test:8080"}


def test_the_reasons_of_what_is_failed_are_known(frontier: Frontier, controls: Controls) -> None:
    put(frontier, *(entry(n) for n in range(4)))
    one, two, three, _ = claim(frontier, 4, 4)
    failed = [Ack(one.id, State.FAILED, "dns"), Ack(two.id, State.FAILED, "http-404")]
    run(frontier.write([], [*failed, Ack(three.id, State.SKIPPED, "robots")]))
    assert run(controls.known_reasons()) == {"dns", "http-404"}


def test_a_job_that_is_not_there_has_no_controls(controls: Controls) -> None:
    if isinstance(controls, MemoryFrontier):
        pytest.skip("the reference has only the job that is open")
    controls._job = "other"  # type: ignore[attr-defined]
    if hasattr(controls, "_prefix"):
        controls._prefix = "crawlproj:{other}:"
    with pytest.raises(FrontierError, match="job 'other'"):
        run(controls.append(order(Verb.PAUSE, site="*")))


def test_the_oldest_commands_are_forgotten(
    frontier: Frontier, controls: Controls, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("memory_controls", "sqlite.command_sql"):
        monkeypatch.setattr(f"crawlproj.frontier.{module}.MAX_COMMANDS", 3)
    if type(frontier).__name__ == "RedisFrontier":
        pytest.skip("Redis trims its stream by whole nodes")
    for _ in range(5):
        last = run(controls.append(order(Verb.PAUSE, site="*")))
    assert [command.id for command in run(frontier.commands())] == [last - 2, last - 1, last]
    assert commands_module.MAX_COMMANDS == 10_000
