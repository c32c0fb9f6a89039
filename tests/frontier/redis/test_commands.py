"""Commands that several workers of a job read, one of which may die while it applies one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Command, Selection, Verb
from crawlproj.frontier.redis import changes as redis_changes
from crawlproj.frontier.redis.controls import RedisControls
from tests.frontier.helpers import claim, entry, put, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis import Redis as Client

    from crawlproj.frontier.base import Lease
    from crawlproj.frontier.redis.connection import RedisConfig
    from crawlproj.frontier.redis.frontier import RedisFrontier


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_changes, "ROWS", 4)


@pytest.fixture
def controls(redis: RedisConfig) -> Iterator[RedisControls]:
    controls = RedisControls(redis, "job")
    yield controls
    run(controls.close())


def skip(controls: RedisControls, pattern: str = "re:[02468]$") -> int:
    return run(controls.append(Command(Verb.SKIP, {"pattern": pattern}, "ann", 1000.0)))


def die_after(monkeypatch: pytest.MonkeyPatch, worker: RedisFrontier, steps: int) -> None:
    """Let the scripts of ``worker`` fail after some."""
    scripts, left = worker._run, [steps]

    async def dying(script: str, *args: object) -> object:
        if script.startswith(("sieve", "requeue")):
            if not left[0]:
                raise FrontierError("killed")
            left[0] -= 1
        return await scripts(script, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "_run", dying)


def test_every_worker_reads_the_log_and_one_applies_what_changes_entries(
    hire: Callable[[], RedisFrontier], controls: RedisControls
) -> None:
    one, other = hire(), hire()
    put(one, *(entry(n) for n in range(10)))
    number = skip(controls)
    assert [c.id for c in run(one.commands())] == [c.id for c in run(other.commands())] == [number]
    (command,) = run(other.waiting())
    assert run(other._log.take(number, "w2"))
    assert run(one.change(command, "w1")) is None  # the other one is at it
    result = run(other.change(command, "w2"))
    assert result is not None
    assert (result.worker, result.urls) == ("w2", 5)
    assert run(one.waiting()) == []
    run(one._look())
    assert run(one.totals()).skipped == {SKIPPED_BY_COMMAND: 5}


def test_another_worker_goes_on_when_the_one_that_applies_a_command_dies(
    hire: Callable[[], RedisFrontier],
    controls: RedisControls,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = hire(), hire()
    put(one, *(entry(n) for n in range(20)))
    number = skip(controls)
    (command,) = run(one.waiting())
    die_after(monkeypatch, one, 2)
    with pytest.raises(FrontierError, match="killed"):
        run(one.change(command, "w1"))
    assert run(other.change(command, "w2")) is None
    client.delete(f"crawlproj:{{job}}:taken:{number}")  # as after 10 s
    result = run(other.change(command, "w2"))
    assert result is not None
    assert (result.worker, result.urls) == ("w2", 10)
    assert run(other.totals()).skipped == {SKIPPED_BY_COMMAND: 10}
    assert {lease.entry.key % 2 for lease in claim(other, 100, 100)} == {1}


def test_a_requeue_that_was_cut_short_counts_each_url_once(
    hire: Callable[[], RedisFrontier],
    controls: RedisControls,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = hire(), hire()
    put(one, *(entry(n) for n in range(10)))
    acks = [Ack(lease.id, State.FAILED, "dns") for lease in claim(one, 100, 100)]
    run(one.write([], acks))
    token = run(controls.preview(Verb.REQUEUE, Selection("dns"))).token
    number = run(controls.append(Command(Verb.REQUEUE, {}, "ann", 1000.0, token)))
    (command,) = run(one.waiting())
    die_after(monkeypatch, one, 2)
    with pytest.raises(FrontierError, match="killed"):
        run(one.change(command, "w1"))
    client.delete(f"crawlproj:{{job}}:taken:{number}")
    result = run(other.change(command, "w2"))
    assert result is not None
    assert result.urls == 10
    totals = run(other.totals())
    assert (totals.pending, totals.failed) == (10, {})


def test_rows_that_a_worker_claims_meanwhile_are_left_to_it(
    hire: Callable[[], RedisFrontier], controls: RedisControls, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = hire(), hire()
    put(one, *(entry(n) for n in range(12)))
    skip(controls)
    (command,) = run(one.waiting())
    rows = redis_changes.RedisChanges._rows
    claimed: list[Lease] = []

    async def claiming(self: redis_changes.RedisChanges, queue: str, at: int) -> object:
        found = await rows(self, queue, at)
        if at == 0 and len(claimed) < 2:
            claimed.extend(await other.claim(1, per_site=9, resting={}, lease_s=30))
        return found

    monkeypatch.setattr(redis_changes.RedisChanges, "_rows", claiming)
    result = run(one.change(command, "w1"))
    assert result is not None
    taken = {lease.entry.key for lease in claimed}
    assert len(taken) == 2
    assert result.urls == len({0, 2, 4, 6, 8, 10} - taken)
    totals = run(one.totals())
    assert totals.discovered == 12
