"""Tasks end although they swallow a cancel."""

from __future__ import annotations

import asyncio

from twisted.internet.defer import Deferred

from crawlproj.cancelling import end


async def test_a_task_that_swallows_a_cancel_is_cancelled_again() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    async def ended() -> bool:
        task = asyncio.ensure_future(stubborn())
        await asyncio.sleep(0)
        await end(task, again_s=0.0)
        return task.cancelled()

    assert await Deferred.fromFuture(asyncio.ensure_future(ended()))
