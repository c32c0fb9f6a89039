"""``scrapy lab serve``: the models, the service, the load generator, and the figures."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from rich.console import Console

from crawlproj.errors import ConfigError
from crawlproj.lab.serve import measure as measure_module
from crawlproj.lab.serve.claims import claims
from crawlproj.lab.serve.command import add_options, plan_of
from crawlproj.lab.serve.load_generator import Answer, QueryLoad, fetch, judge, run
from crawlproj.lab.serve.measure import Latencies, Plan, ServeFailed, latencies, measure, serving
from crawlproj.lab.serve.models.nginx import configuration
from crawlproj.lab.serve.models.table import MODELS, ServeModel
from crawlproj.lab.serve.service.blocking import response
from crawlproj.lab.serve.service.queries import (
    ITEMS,
    NOT_FOUND,
    OK,
    Items,
    Query,
    Service,
    create_database,
    expected_body,
    respond,
)  # fmt: skip
from crawlproj.lab.serve.tables import serve_tables

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

T = TypeVar("T")

LOAD = QueryLoad(port=0, rate=150.0, seconds=2.0, slow_share=0.05, with_slow=True, seed=1)


def right(latency_s: float, *, slow: bool = False) -> Answer:
    return Answer(slow, "right", latency_s, 0.0)


def run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own, because this thread has the reactor's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def ignore_progress(words: str, share: float) -> None: ...


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words)


def printed(section: dict[str, Any]) -> str:
    console = Console(width=80, force_terminal=False, color_system=None)
    with console.capture() as capture:
        for table in serve_tables(section):
            console.print(table)
    return capture.get()


# Models


async def ask_together(port: int, paths: list[str]) -> list[bytes]:
    return await asyncio.gather(*(fetch(port, path) for path in paths))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_answers_short_and_slow_queries_at_the_same_time(name: str) -> None:
    if missing := MODELS[name].missing():
        pytest.skip(missing)
    queries = [
        Query(7, slow=False),
        Query(8, slow=True),
        Query(9, slow=True),
        Query(ITEMS - 1, False),
    ]

    with serving(MODELS[name], 0.05, 5.0, Event()) as (port, _):
        paths = [query.path for query in queries]
        *answers, nothing = run_in_thread(ask_together(port, [*paths, "/nothing"]))

    assert [judge(*pair) for pair in zip(queries, answers, strict=True)] == ["right"] * 4
    assert nothing.split(b" ", 2)[1] == b"404"


@pytest.mark.slow
def test_the_slow_lane_refuses_late_queries_and_delays_no_short_one() -> None:
    with serving(MODELS["two-lanes"], 0.6, 1.0, Event()) as (port, _):
        slow = [Query(number, slow=True) for number in range(4)]
        short = Query(5, slow=False)

        async def ask() -> tuple[bool, bytes, list[bytes]]:
            waiting = asyncio.ensure_future(ask_together(port, [each.path for each in slow]))
            await asyncio.sleep(0.05)  # until they have arrived
            answer = await fetch(port, short.path)
            return waiting.done(), answer, await waiting

        came_last, answer, answers = run_in_thread(ask())

    assert judge(short, answer) == "right"
    assert not came_last
    outcomes = [judge(*pair) for pair in zip(slow, answers, strict=True)]
    assert sorted(outcomes) == ["refused", "refused", "right", "right"]


@pytest.mark.slow
def test_the_reason_why_a_model_does_not_start_is_reported() -> None:

    with (
        pytest.raises(ServeFailed, match=r"did not start: .*KeyError"),
        serving(replace(MODELS["fork"], name="unknown"), 0.1, 1.0, Event()),
    ):
        pass


@pytest.mark.slow
def test_the_reason_why_a_model_ended_is_reported() -> None:
    def asked_until_it_ends() -> None:
        with serving(MODELS["fork"], 0.1, 1.0, Event()) as (port, pid):
            os.kill(pid, signal.SIGTERM)
            while True:
                run_in_thread(fetch(port, Query(1, slow=False).path))

    with pytest.raises(ServeFailed, match="it ended with status -15: it printed nothing"):
        asked_until_it_ends()


def test_nginx_keeps_all_its_files_in_the_folder_of_the_service() -> None:
    text = configuration(Service("/f", 8099, 0.1, 4, 1.0), backlog=9)

    assert "listen 127.0.0.1:8099 backlog=9;" in text
    assert text.count("/f/") == 7


# Queries


def test_the_database_returns_the_expected_rows(tmp_path: Path) -> None:
    service = Service(str(tmp_path), 0, 0.0, 4, 1.0)
    create_database(service.database)
    items, waits = Items(service.database), []

    for query in (Query(0, slow=False), Query(ITEMS - 1, slow=True)):
        answer = respond(items, query.path, lambda: waits.append(1))
        assert answer == (OK, expected_body(query))

    assert waits == [1]  # for the slow query


@pytest.mark.parametrize("path", ["/", "/item/", f"/item/{ITEMS}", "/item/-1", "/item/²", "/x/1"])
def test_any_other_path_is_not_found(path: str, tmp_path: Path) -> None:
    assert respond(Items(str(tmp_path / "none.db")), path, lambda: None) == (NOT_FOUND, b"")


def test_an_answer_is_right_only_if_every_byte_is() -> None:
    query = Query(3, slow=False)
    good = response(OK, expected_body(query))

    assert judge(query, good) == "right"
    assert judge(Query(4, slow=False), good) == "wrong"
    assert judge(query, good[:-1]) == "wrong"
    assert judge(query, response("503 Service Unavailable", b"")) == "refused"
    assert judge(query, b"") == "failed"


# The load


def test_the_short_queries_are_the_same_with_and_without_slow_ones() -> None:
    mixed = list(LOAD.queries())
    alone = list(replace(LOAD, with_slow=False).queries())

    assert alone == [(due, query) for due, query in mixed if not query.slow]
    assert 0 < len(mixed) - len(alone) < 0.15 * len(mixed)
    assert 200 < len(mixed) < 400
    assert all(due < LOAD.seconds for due, _ in mixed)


def test_a_stalled_server_still_receives_queries_and_their_whole_wait_counts() -> None:
    async def main() -> list[Answer]:
        accepted: list[float] = []
        open_from = asyncio.get_running_loop().time() + 0.4

        async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.append(open_from - asyncio.get_running_loop().time())
            head = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(max(0.0, accepted[-1]))
            query = Query.from_path(head.split(b" ")[1].decode())
            assert query is not None
            writer.write(response(OK, expected_body(query)))
            writer.close()

        server = await asyncio.start_server(stall, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await run(QueryLoad(port, 50.0, 0.3, 0.0, with_slow=True, seed=3))

    answers = run_in_thread(main())

    assert len(answers) > 5
    assert {answer.outcome for answer in answers} == {"right"}
    assert answers[0].latency_s > answers[-1].latency_s > 0.04  # the first waited longest


def test_a_query_fails_if_no_server_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    answers = run_in_thread(run(QueryLoad(port, 100.0, 0.05, 0.0, with_slow=True, seed=1)))

    assert {answer.outcome for answer in answers} == {"failed"}


# Figures


def test_short_and_slow_queries_have_separate_figures() -> None:
    mixed = [
        right(0.01), right(0.03), right(0.2, slow=True), Answer(True, "refused", 1.0, 0.002)
    ]  # fmt: skip

    found = latencies([right(0.001), right(0.002)], mixed, 20_000_000)

    assert found == Latencies(
        alone_p50_s=0.001, alone_p99_s=0.002, mixed_p50_s=0.01, mixed_p99_s=0.03, slow_p50_s=0.2,
        refused=0.5, sent_late_p99_s=0.002, pss_mb=20.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "bad", [Answer(False, "refused", 0.1, 0.0), Answer(True, "wrong", 0.1, 0.0),
            Answer(False, "failed", 10.0, 0.0)],
)  # fmt: skip
def test_a_model_fails_with_a_wrong_or_missing_answer(bad: Answer) -> None:
    with pytest.raises(ServeFailed, match=bad.outcome):
        latencies([right(0.1)], [right(0.1), bad], None)


@pytest.mark.slow
def test_a_section_is_valid_json_and_fits_into_80_columns() -> None:
    plan = Plan([MODELS["thread-pool"], MODELS["fork"]], seconds=0.2, rounds=1, at_once=2)

    section = measure(plan, ignore_progress)

    json.dumps(section, allow_nan=False)
    text = printed(section)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "process per request" in text
    assert "occupy 1.5 slots" in text


def test_failed_and_unavailable_models_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> Latencies:
        raise ServeFailed("it crashed")

    monkeypatch.setattr(measure_module, "_measure_once", failing)
    missing = ServeModel("no", "no such", "no", "", requires=("no_such_module",))

    text = printed(measure(Plan([MODELS["fork"], missing], rounds=1), ignore_progress))

    assert "it crashed" in text
    assert "unavailable: not installed: no_such_module" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rate", "0"], "--rate must be"),
        (["--slow-ms", "0"], "--slow-ms must be"),
        (["--slow-share", "0.9"], "--slow-share must be"),
        (["--seconds", "-1"], "--seconds must be at least 0"),
        (["--models", "apache"], "--models: there is no model 'apache'; choose from: fork"),
    ],
)
def test_the_error_names_the_wrong_option(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_of(options(*words))


def test_quick_measures_all_models_in_one_short_round() -> None:
    plan = plan_of(options("--quick"))

    assert (plan.rounds, plan.at_once, plan.limit_s) == (1, 4, 1.0)
    assert plan.models == list(MODELS.values())


def row_of(name: str, alone_s: float, mixed_s: float) -> dict[str, Any]:
    p99 = {"alone_p99_s": {"median": alone_s}, "mixed_p99_s": {"median": mixed_s}}
    return {"model": name, "failure": "", **p99}


def test_claims_compare_the_p99_of_short_queries() -> None:
    rows = [
        row_of("thread-pool", 0.01, 0.06), row_of("two-lanes", 0.01, 0.02),
        row_of("reuseport", 0.01, 0.3), row_of("master", 0.01, 0.06),
    ]  # fmt: skip

    delayed, lane, kernel = claims(rows)

    assert (delayed.holds, lane.holds, kernel.holds) == (True, True, False)
    assert lane.figure == "p99 of short queries: two-lanes 20 ms, thread-pool 60 ms"
    assert list(claims([{"model": "fork", "failure": "it crashed"}])) == []
