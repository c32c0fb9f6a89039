"""Ends tasks that may swallow a cancel."""

from __future__ import annotations

import asyncio


async def end(task: asyncio.Task[None], again_s: float = 1.0) -> None:
    """Cancel ``task`` until it has ended, every ``again_s`` seconds.

    One cancel may be lost: a client whose time-out ends in the same turn of the loop turns it into
    an error, after which the task goes on. That happens if a callback blocked the loop.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=again_s)
