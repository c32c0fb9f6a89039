"""``scrapy lab serve``: asks every model the same queries, without the slow ones and with them.

The section it makes of the lab's document (see document.py)::

    settings   rate, seconds, slow_share, slow_s, limit_s, places, rounds, at_once
    models     {name: title, places, unavailable (why; "" if it ran)}
    rows       model, broke (why; "" if every answer was right or, by a time limit, refused), and as
               {median, low, high} over the rounds: the fields of ``Figures``
    claims     rows of lab/claims.py
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from crawlproj.lab.figures import Figure, percentile
from crawlproj.lab.serve.claims import claims
from crawlproj.lab.serve.load_generator import Answer, Load
from crawlproj.lab.serve.models.table import PLACES
from crawlproj.lab.serve.service import Query, Service, expected, make_database
from crawlproj.lab.system.process_memory import pss_bytes
from crawlproj.lab.system.subprocesses import Interrupted, finished, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crawlproj.lab.serve.models.table import Model

_START_S = 20.0
_LOOK_S = 0.03
_LOAD_S = 20.0  # beyond its own time: as long as an answer may take, and more


class ServeBroke(Exception):
    """A model did not serve: the message says what happened."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of the right answers since they were due; alone: without the slow queries.

    refused: share of the slow queries that the time limit gave up. sent_late_p99_s: what of all
    this is the load generator's own lateness, with the slow ones. pss_mb: of the process tree,
    after the load; None where it cannot be known.
    """

    alone_p50_s: float
    alone_p99_s: float
    short_p50_s: float
    short_p99_s: float
    slow_p50_s: float | None
    refused: float
    sent_late_p99_s: float
    pss_mb: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. seconds: of each load. rounds: of all models, in turns.

    at_once: models that are measured at the same time, more than 1 where haste matters more.
    budget_s: no round begins that would not end within it.
    """

    models: list[Model]
    rate: float = 150.0
    seconds: float = 2.5
    slow_share: float = 0.05
    slow_s: float = 0.2
    limit_s: float = 1.0
    rounds: int = 2
    at_once: int = 1
    budget_s: float = 180.0


def measured(plan: Plan, say: Callable[[str, float], None]) -> dict[str, Any]:
    """Measure, and return the section. say: told what is done next, and how much of all that is."""
    unavailable = {model.name: model.missing() for model in plan.models}
    models = [model for model in plan.models if not unavailable[model.name]]
    found: defaultdict[str, list[Figures]] = defaultdict(list)
    broke: dict[str, str] = {}
    began, rounds = time.monotonic(), 0
    stop = threading.Event()
    while rounds < plan.rounds:
        with ThreadPoolExecutor(plan.at_once) as pool:
            waiting = [(model, pool.submit(_once, plan, model, rounds, stop)) for model in models]
            try:
                for place, (model, future) in enumerate(waiting):
                    share = (rounds + place / len(models)) / plan.rounds
                    say(f"round {rounds + 1}: {model.title}", share)
                    try:
                        found[model.name].append(future.result())
                    except ServeBroke as exc:
                        broke[model.name] = str(exc)
            except BaseException:  # Ctrl-C, which only this thread is told of
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        rounds += 1
        if (time.monotonic() - began) * (rounds + 1) / rounds > plan.budget_s:
            break
    settings = {each.name: getattr(plan, each.name) for each in fields(plan)}
    del settings["models"]
    rows = [
        {"model": model.name, "broke": broke.get(model.name, ""), **_spread(found[model.name])}
        for model in models
    ]
    return {
        "settings": {**settings, "rounds": rounds, "places": PLACES},
        "models": {
            model.name: {
                "title": model.title,
                "places": model.places,
                "unavailable": unavailable[model.name],
            }
            for model in plan.models
        },
        "rows": rows,
        "claims": [asdict(claim) for claim in claims(rows)],
    }


def _once(plan: Plan, model: Model, seed: int, stop: threading.Event) -> Figures:
    with served(model, plan.slow_s, plan.limit_s, stop) as (port, pid):
        alone, mixed = (
            _asked(Load(port, plan.rate, plan.seconds, plan.slow_share, with_slow, seed), stop)
            for with_slow in (False, True)
        )
        pss = pss_bytes(pid)
    return figures(alone, mixed, pss)


@contextlib.contextmanager
def served(
    model: Model, slow_s: float, limit_s: float, stop: threading.Event
) -> Iterator[tuple[int, int]]:
    """Run a model in a process of its own; yields its port and pid.

    stop: set by another thread to end its start. Raises ServeBroke, and Interrupted then.
    """
    with tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder, _log() as log:
        service = Service(folder, _free_port(), slow_s, PLACES, limit_s)
        make_database(service.database)
        command = [sys.executable, "-m", "crawlproj.lab.serve.child", model.name]
        environment = {**os.environ, **service.environment()}
        with started(command, stdout=log, stderr=log, env=environment) as process:
            if not _answers(service.port, process, stop):
                log.seek(0)
                lines = log.read().strip().splitlines()
                raise ServeBroke(f"it did not start: {lines[-1][:200] if lines else 'no word'}")
            yield service.port, process.pid


def figures(alone: Sequence[Answer], mixed: Sequence[Answer], pss: int | None) -> Figures:
    """Return what the answers come to; raises ServeBroke if one was wrong or did not come."""
    for answer in (*alone, *mixed):
        if answer.outcome != "right" and not (answer.slow and answer.outcome == "refused"):
            kind = "slow" if answer.slow else "short"
            raise ServeBroke(
                f"a {kind} query's answer was {answer.outcome} after {answer.latency_s:.1f} s"
            )
    quiet = [answer.latency_s for answer in alone]
    short = [answer.latency_s for answer in mixed if not answer.slow]
    if not quiet or not short:
        raise ServeBroke("there were no short queries: raise --rate or --seconds")
    slow = [answer for answer in mixed if answer.slow]
    through = [answer.latency_s for answer in slow if answer.outcome == "right"]
    return Figures(
        alone_p50_s=percentile(quiet, 0.5),
        alone_p99_s=percentile(quiet, 0.99),
        short_p50_s=percentile(short, 0.5),
        short_p99_s=percentile(short, 0.99),
        slow_p50_s=percentile(through, 0.5) if through else None,
        refused=(len(slow) - len(through)) / len(slow) if slow else 0.0,
        sent_late_p99_s=percentile([answer.sent_late_s for answer in mixed], 0.99),
        pss_mb=pss / 1e6 if pss else None,
    )


def _asked(load: Load, stop: threading.Event) -> list[Answer]:
    command = [sys.executable, "-m", "crawlproj.lab.serve.load_generator", load.to_json()]
    try:
        done = finished(command, load.seconds + _LOAD_S, stop)
        done.check_returncode()
    except subprocess.SubprocessError as exc:
        raise ServeBroke(f"the load generator did not get through: {exc}") from exc
    return [Answer(*each) for each in json.loads(done.stdout)]


def _answers(port: int, process: subprocess.Popen[str], stop: threading.Event) -> bool:
    """Wait until a query is answered right; False if that does not happen. Raises Interrupted."""
    query = Query(0, slow=False)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=2.0)
        try:
            connection.request("GET", query.path)
            if connection.getresponse().read() == expected(query):
                return True
        except (OSError, HTTPException):
            pass  # not yet
        finally:
            connection.close()
        if stop.wait(_LOOK_S):
            raise Interrupted
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _log() -> Any:
    return tempfile.TemporaryFile("w+", errors="replace")


def _spread(found: list[Figures]) -> dict[str, Any]:
    spread = {
        each.name: Figure.of(getattr(one, each.name) for one in found) for each in fields(Figures)
    }
    return {name: asdict(figure) if figure else None for name, figure in spread.items()}
