"""One task that will not let go among many short ones, under every way of scheduling.

A model is a module here with a function ``run(job)`` that runs the short tasks and the hog of a
``job.HogJob`` at the same time and returns a ``job.Outcome``. It is imported and run in a fresh
process. **Add a model here**: a file, and a row of ``MODELS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.lab.hog.job import HogJob, Outcome


@dataclass(frozen=True, slots=True)
class Model:
    """A way of scheduling.

    name: as ``--models`` has it. title: as a reader has it. switches: who takes the turn away, and
    when. module, function: where it runs. requires: a module it imports beyond what a crawl does.
    """

    name: str
    title: str
    switches: str
    module: str
    function: str = "run"
    requires: str = ""

    def load(self) -> Callable[[HogJob], Outcome]:
        """Import it and return its ``run``."""
        run: Callable[[HogJob], Outcome] = getattr(
            import_module(f"{__package__}.{self.module}"), self.function
        )
        return run

    def missing(self) -> str:
        """Return why it cannot run here, and what to do; "" if it can."""
        if self.requires and find_spec(self.requires) is None:
            return f"{self.requires} is not installed: pip install 'crawlproj[lab]'"
        return ""


MODELS = {
    model.name: model
    for model in (
        Model("processes", "processes", "kernel, any time", "processes"),
        Model("threads", "threads", "interpreter, 5 ms", "threads"),
        Model("threads-1ms", "threads, interval 1 ms", "interpreter, 1 ms",
              "threads", "run_1ms"),
        Model("asyncio", "asyncio", "task, at await", "asyncio_tasks"),
        Model("asyncio-thread", "asyncio, hog in a thread", "interpreter, 5 ms",
              "asyncio_tasks", "run_thread"),
        Model("asyncio-process", "asyncio, hog in a process", "kernel, any time",
              "asyncio_tasks", "run_process"),
        Model("gevent", "gevent", "greenlet, at wait", "gevent_greenlets",
              requires="gevent"),
        Model("twisted", "Twisted", "callback, at end", "twisted_calls"),
    )
}  # fmt: skip


def chosen(names: str) -> list[Model]:
    """Return the models of a comma-separated list, all for ""; raises ConfigError."""
    words = [word.strip() for word in names.split(",") if word.strip()]
    if unknown := [word for word in words if word not in MODELS]:
        raise ConfigError(f"there is no model {unknown[0]!r}; there are: {', '.join(MODELS)}")
    return [MODELS[word] for word in dict.fromkeys(words)] or list(MODELS.values())
