"""gevent: a greenlet per task, in blocking code; it switches only where a greenlet waits."""

from __future__ import annotations

import gevent

from crawlproj.lab.hog.models.job import HogJob, Outcome, hog, short_task


def run(job: HogJob) -> Outcome:
    """Run all tasks."""
    shorts = [gevent.spawn(short_task, job, task, gevent.sleep) for task in range(job.tasks)]
    busy = gevent.spawn_later(job.seconds_until_hog(), hog, job)
    return Outcome([each.get() for each in shorts], busy.get())
