"""What SKIP skips is written down before, tested on every backend that takes commands."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Selection, Verb
from crawlproj.frontier.sqlite import changes as sqlite_changes
from tests.frontier.helpers import claim, entry, put, run
from tests.frontier.test_commands import order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.base import Entry, Frontier
    from crawlproj.frontier.command_log import Controls


class KilledError(Exception):
    """The worker ends here."""


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries take several steps."""
    monkeypatch.setattr(sqlite_changes, "ROWS", 3)
    monkeypatch.setattr("crawlproj.frontier.redis.changes.ROWS", 3)


def test_what_is_skipped_is_exactly_what_was_previewed_and_written_down_before(
    frontier: Frontier, controls: Controls
) -> None:
    put(frontier, *(entry(n, "a.test", n % 3) for n in range(20)), entry(100, "b.test"))
    put(frontier, *(entry(n, "a.test", not_before=2000.0) for n in range(30, 38)))
    preview = run(controls.preview(Verb.SKIP, Selection(site="a.test", pattern="re:[02468]$")))
    run(controls.append(order(Verb.SKIP, site="a.test", pattern="re:[02468]$")))
    (waits,) = run(frontier.waiting())
    written: list[str] = []
    steps = 0

    async def store(skipped: Sequence[Entry]) -> None:
        nonlocal steps
        steps += 1
        written.extend(one.url for one in skipped)
        if steps % 2:  # killed, after it was written
            raise KilledError

    for _ in range(100):
        with suppress(KilledError):
            if (result := run(frontier.change(waits, "w1", on_skip=store))) is not None:
                break
    assert result is not None
    assert result.urls == preview.urls == 14
    assert steps >= 2
    expected = {f"http://a.test/{n}" for n in (*range(0, 20, 2), *range(30, 38, 2))}
    assert set(written) == expected
    assert run(frontier.totals()).skipped == {SKIPPED_BY_COMMAND: 14}
    left = {lease.entry.key for lease in claim(frontier, 100, 100)}
    assert left == {*range(1, 20, 2), 100}


def test_what_returns_to_the_queue_is_not_skipped_unless_it_is_written_down(
    frontier: Frontier, controls: Controls
) -> None:
    """The rest is sifted once it is claimed, and written down then."""
    put(frontier, entry(1), entry(2))
    (lease,) = claim(frontier, 1)
    run(controls.append(order(Verb.SKIP, pattern="*")))
    (waits,) = run(frontier.waiting())
    written: list[int] = []

    async def store(skipped: Sequence[Entry]) -> None:
        written.extend(one.key for one in skipped)
        if len(written) == 1:
            await frontier.write([], [Ack(lease.id, State.PENDING, count_attempt=False)])

    while run(frontier.change(waits, "w1", on_skip=store)) is None:
        pass
    skipped = {1, 2} - {left.entry.key for left in claim(frontier)}
    assert skipped
    assert skipped <= set(written)
    assert run(frontier.totals()).skipped == {SKIPPED_BY_COMMAND: len(skipped)}
