"""The concurrency models of scheduling, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from crawlproj.lab.hog.models.job import HogJob, Outcome
from crawlproj.lab.model import Model


@dataclass(frozen=True, slots=True)
class HogModel(Model[HogJob, Outcome]):
    """A way to run the tasks of a ``hog.models.job.HogJob``.

    **To add a model**, add a module to this folder, with a function ``run(job)`` (see ``Model`` for
    what holds for every kind of model), and a row to ``MODELS``. The function

    - runs ``job.tasks`` short tasks at the same time; task n sleeps ``seconds_until(job.due(n,
      turn))``, for each turn of ``job.turns``, and notes how late it wakes up (``short_task`` does
      this in blocking code);
    - runs ``hog(job)`` among them, after ``job.seconds_until_hog()``;
    - returns an ``Outcome`` of both.

    ``gevent_greenlets.py`` is the shortest example. ``tests/lab/test_hog.py`` runs every model.

    switched_by: who switches from one task to another, and when.
    """

    switched_by: str

    @property
    def note(self) -> str:
        """Who switches from one task to another, and when."""
        return self.switched_by


MODELS = {
    model.name: model
    for model in (
        HogModel("processes", "processes", "processes", "kernel, at any time"),
        HogModel("threads", "threads", "threads", "interpreter, after 5 ms"),
        HogModel("threads-1ms", "threads, interval 1 ms", "threads", "interpreter, after 1 ms",
                 function="run_1ms"),
        HogModel("asyncio", "asyncio", "asyncio_tasks", "task, at await"),
        HogModel("asyncio-thread", "asyncio, hog in a thread", "asyncio_tasks",
                 "interpreter, after 5 ms", function="run_thread"),
        HogModel("asyncio-process", "asyncio, hog in a process", "asyncio_tasks",
                 "kernel, at any time", function="run_process"),
        HogModel("gevent", "gevent", "gevent_greenlets", "greenlet, at a wait",
                 requires=("gevent",)),
        HogModel("twisted", "Twisted", "twisted_calls", "callback, at its end"),
    )
}  # fmt: skip
