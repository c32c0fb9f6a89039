"""gevent: a greenlet each, with the threads' blocking code; it switches only where that waits."""

from __future__ import annotations

import gevent

from crawlproj.lab.hog.job import HogJob, Outcome, hog, short


def run(job: HogJob) -> Outcome:
    """Run all tasks."""
    shorts = [gevent.spawn(short, job, task, gevent.sleep) for task in range(job.tasks)]
    busy = gevent.spawn_later(job.until_hog(), hog, job)
    return Outcome([each.get() for each in shorts], busy.get())
