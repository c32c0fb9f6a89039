"""Writes that wait, and writes that are made again."""

from __future__ import annotations

import asyncio

from crawlproj.frontier.base import Written
from crawlproj.scheduling.outbox import Outbox
from tests.frontier.helpers import entry
from tests.frontier.virtual import now
from tests.scheduling.desk import Watched, in_virtual_time


class Shared(Watched):
    shared = True


async def outbox_of(frontier: Watched) -> Outbox:
    """Return one in which entries 1 to 3 were written: long ago, 3 s ago, and just now."""
    await frontier.open("job")
    outbox = Outbox(frontier, now)
    for key, wait_s in ((1, 60), (2, 3), (3, 0)):
        outbox.put(entry(key))
        await outbox.write()
        await asyncio.sleep(wait_s)
    return outbox


@in_virtual_time
async def test_what_a_server_may_have_forgotten_is_put_again() -> None:
    frontier = Shared()
    outbox = await outbox_of(frontier)
    outbox.put_again()
    sent = await outbox.write()
    assert sent.promising
    assert frontier.writes[-1] == ([2, 3], [])
    assert (await frontier.totals()).pending == 3


@in_virtual_time
async def test_a_frontier_that_is_not_shared_forgets_nothing() -> None:
    outbox = await outbox_of(Watched())
    outbox.put_again()
    assert not await outbox.write()


@in_virtual_time
async def test_it_says_how_many_entries_were_known_except_those_put_again() -> None:
    outbox = await outbox_of(Shared())
    said: list[tuple[Written, int]] = []
    outbox.on_written = lambda *result: said.append(result)
    outbox.put_again()
    for key in (1, 2, 3, 4):
        outbox.put(entry(key))
    await outbox.write()
    assert said == [(Written(new=1), 3)]
