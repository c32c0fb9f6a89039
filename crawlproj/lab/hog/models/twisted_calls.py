"""Twisted: callbacks on one reactor, which switches only when a callback returns."""

from __future__ import annotations

from importlib import import_module

import_module("twisted.internet.epollreactor").install()  # before anything imports the reactor

from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import ensureDeferred, gatherResults  # noqa: E402
from twisted.internet.task import deferLater, react  # noqa: E402

from crawlproj.lab.hog.models.job import HogJob, Outcome, hog, now, seconds_until  # noqa: E402


def run(job: HogJob) -> Outcome:
    """Run all tasks."""
    found: list[Outcome] = []

    async def main() -> None:
        busy = deferLater(reactor, job.seconds_until_hog(), hog, job)
        shorts = [ensureDeferred(_short(job, task)) for task in range(job.tasks)]
        found.append(Outcome(await gatherResults(shorts, consumeErrors=True), await busy))

    try:
        react(lambda _: ensureDeferred(main()))
    except SystemExit as exc:
        if exc.code:
            raise
    return found[0]


async def _short(job: HogJob, task: int) -> list[float]:
    late = []
    for turn in range(job.turns):
        due = job.due(task, turn)
        await deferLater(reactor, seconds_until(due))
        late.append(now() - due)
    return late
