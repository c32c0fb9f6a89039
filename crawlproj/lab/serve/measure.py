"""The measurement of ``scrapy lab serve``: the same queries, without slow ones and with them.

Its section of ``lab.json``::

    settings   rate, seconds, slow_share, slow_s, limit_s, slots, rounds, at_once, budget_s
    models     {name: the fields of its row, and unavailable (why it did not run, or "")}
    rows       model, failure ("" if every answer was right, or refused by a time limit), and the
               figures of ``Latencies`` as {median, low, high} over the rounds
    claims     rows of claims.py
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from http.client import HTTPConnection, HTTPException
from typing import IO, TYPE_CHECKING, Any

from crawlproj.lab.figures import percentile, summarize
from crawlproj.lab.serve.claims import claims
from crawlproj.lab.serve.load_generator import Answer, QueryLoad
from crawlproj.lab.serve.service.queries import (
    SLOTS,
    Query,
    Service,
    create_database,
    expected_body,
)
from crawlproj.lab.system.process_memory import pss_bytes
from crawlproj.lab.system.subprocesses import Interrupted, failure_reason, run_to_end, running
from crawlproj.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawlproj.lab.report.terminal import ReportProgress
    from crawlproj.lab.serve.models.table import ServeModel

_START_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 0.5
_POLL_S = 0.03
_LOAD_TIMEOUT_S = 20.0  # beyond the load's own time; an answer may take half of it


class ServeFailed(Exception):
    """A model did not serve as it should; the message says what happened."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """The figures of a model. Latencies are of right answers, since the queries were due.

    alone_*: short queries without slow ones. mixed_*: short queries with slow ones.
    refused: share of the slow queries that the time limit gave up. sent_late_p99_s: the part of the
    latencies that the load generator caused, with slow queries. pss_mb: memory of the process tree
    after the load; None if the system does not provide it.
    """

    alone_p50_s: float
    alone_p99_s: float
    mixed_p50_s: float
    mixed_p99_s: float
    slow_p50_s: float | None
    refused: float
    sent_late_p99_s: float
    pss_mb: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The choice of what to measure. seconds: of each load. rounds: of all models, by turns.

    at_once: how many models to measure at the same time; more than 1 is quicker and less accurate.
    budget_s: no round but the first starts if it would end later than that.
    """

    models: list[ServeModel]
    rate: float = 150.0
    seconds: float = 2.5
    slow_share: float = 0.05
    slow_s: float = 0.2
    limit_s: float = 1.0
    rounds: int = 2
    at_once: int = 1
    budget_s: float = 180.0


def measure(plan: Plan, report_progress: ReportProgress) -> dict[str, Any]:
    """Measure; return the section."""
    described = {model.name: model.describe() for model in plan.models}
    models = [model for model in plan.models if not described[model.name]["unavailable"]]
    measured: defaultdict[str, list[Latencies]] = defaultdict(list)
    failures: dict[str, str] = {}
    began, rounds = time.monotonic(), 0
    stop = threading.Event()
    while rounds < plan.rounds:
        with ThreadPoolExecutor(plan.at_once) as pool:
            futures = [
                (model, pool.submit(_measure_once, plan, model, rounds, stop)) for model in models
            ]
            try:
                for done, (model, future) in enumerate(futures):
                    share = (rounds + done / len(models)) / plan.rounds
                    report_progress(f"round {rounds + 1}: {model.title}", share)
                    try:
                        measured[model.name].append(future.result())
                    except ServeFailed as exc:
                        failures[model.name] = str(exc)
            except BaseException:  # Ctrl-C, which only the main thread receives
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        rounds += 1
        if (time.monotonic() - began) * (rounds + 1) / rounds > plan.budget_s:
            break
    settings = {each.name: getattr(plan, each.name) for each in fields(plan)}
    del settings["models"]
    names = [each.name for each in fields(Latencies)]
    rows = [
        {
            "model": model.name,
            "failure": failures.get(model.name, ""),
            **summarize(names, measured[model.name]),
        }
        for model in models
    ]
    return {
        "settings": {**settings, "rounds": rounds, "slots": SLOTS},
        "models": described,
        "rows": rows,
        "claims": [asdict(claim) for claim in claims(rows)],
    }


def _measure_once(plan: Plan, model: ServeModel, seed: int, stop: threading.Event) -> Latencies:
    with serving(model, plan.slow_s, plan.limit_s, stop) as (port, pid):
        alone, mixed = (
            _send(QueryLoad(port, plan.rate, plan.seconds, plan.slow_share, with_slow, seed), stop)
            for with_slow in (False, True)
        )
        return latencies(alone, mixed, pss_bytes(pid))


@contextlib.contextmanager
def serving(
    model: ServeModel, slow_s: float, limit_s: float, stop: threading.Event
) -> Iterator[tuple[int, int]]:
    """Run a model in a process of its own while the context is open; yield its port and pid.

    Raises ServeFailed if the model does not start, or ends while the context is open and lets the
    caller's query fail; Interrupted if another thread sets ``stop`` before it has started.
    """
    with (
        tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder,
        tempfile.TemporaryFile("w+", errors="replace") as log,
        reserved_port() as port,
    ):
        service = Service(folder, port, slow_s, SLOTS, limit_s)
        create_database(service.database)
        command = [sys.executable, "-m", "crawlproj.lab.serve.child", model.name]
        environment = {**os.environ, **service.environment()}
        with running(command, stdout=log, stderr=log, env=environment) as process:
            if not _answers(port, process, stop):
                raise ServeFailed(f"it did not start: {_reason(log)}")
            try:
                yield port, process.pid
            except (OSError, ServeFailed) as exc:
                if not _has_ended(process):
                    raise
                status = process.returncode
                raise ServeFailed(f"it ended with status {status}: {_reason(log)}") from exc


def latencies(alone: Sequence[Answer], mixed: Sequence[Answer], pss: int | None) -> Latencies:
    """Return the figures of the answers without slow queries and with them.

    Raises ServeFailed if an answer is wrong or missing.
    """
    for answer in (*alone, *mixed):
        if answer.outcome != "right" and not (answer.slow and answer.outcome == "refused"):
            kind = "slow" if answer.slow else "short"
            raise ServeFailed(
                f"the answer to a {kind} query was {answer.outcome} after {answer.latency_s:.1f} s"
            )
    short_alone = [answer.latency_s for answer in alone]
    short_mixed = [answer.latency_s for answer in mixed if not answer.slow]
    if not short_alone or not short_mixed:
        raise ServeFailed("there were no short queries: raise --rate or --seconds")
    slow = [answer for answer in mixed if answer.slow]
    answered = [answer.latency_s for answer in slow if answer.outcome == "right"]
    return Latencies(
        alone_p50_s=percentile(short_alone, 0.5),
        alone_p99_s=percentile(short_alone, 0.99),
        mixed_p50_s=percentile(short_mixed, 0.5),
        mixed_p99_s=percentile(short_mixed, 0.99),
        slow_p50_s=percentile(answered, 0.5) if answered else None,
        refused=(len(slow) - len(answered)) / len(slow) if slow else 0.0,
        sent_late_p99_s=percentile([answer.sent_late_s for answer in mixed], 0.99),
        pss_mb=pss / 1e6 if pss else None,
    )


def _send(load: QueryLoad, stop: threading.Event) -> list[Answer]:
    command = [sys.executable, "-m", "crawlproj.lab.serve.load_generator", load.to_json()]
    try:
        done = run_to_end(command, load.seconds + _LOAD_TIMEOUT_S, stop)
        done.check_returncode()
    except subprocess.SubprocessError as exc:
        raise ServeFailed(f"the load generator failed: {exc}") from exc
    return [Answer(*each) for each in json.loads(done.stdout)]


def _has_ended(process: subprocess.Popen[str]) -> bool:
    """Return whether a process that cut a connection has ended, perhaps at this moment."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_TIMEOUT_S)
    return process.returncode is not None


def _reason(log: IO[str]) -> str:
    log.seek(0)
    return failure_reason(log.read(), "it printed nothing")


def _answers(port: int, process: subprocess.Popen[str], stop: threading.Event) -> bool:
    """Wait for the first right answer; return False if none comes. Raises Interrupted."""
    query = Query(0, slow=False)
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=2.0)
        try:
            connection.request("GET", query.path)
            if connection.getresponse().read() == expected_body(query):
                return True
        except (OSError, HTTPException):
            pass  # it has not started yet
        finally:
            connection.close()
        if stop.wait(_POLL_S):
            raise Interrupted
    return False
