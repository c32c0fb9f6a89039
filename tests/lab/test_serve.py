"""``scrapy lab serve``: models that serve queries, and the load that asks them."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from rich.console import Console

from crawlproj.errors import ConfigError
from crawlproj.lab.serve import measure as measure_module
from crawlproj.lab.serve.applications.blocking import message
from crawlproj.lab.serve.claims import claims
from crawlproj.lab.serve.command import add_options, plan_of
from crawlproj.lab.serve.load_generator import Answer, Load, fetch, judged, run
from crawlproj.lab.serve.measure import Figures, Plan, ServeBroke, figures, measured, served
from crawlproj.lab.serve.models.nginx import configuration
from crawlproj.lab.serve.models.table import MODELS, Model, chosen
from crawlproj.lab.serve.service import (
    ITEMS,
    NOT_FOUND,
    OK,
    Items,
    Query,
    Service,
    expected,
    make_database,
    respond,
)  # fmt: skip
from crawlproj.lab.serve.tables import serve_tables

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

T = TypeVar("T")

LOAD = Load(port=0, rate=150.0, seconds=2.0, slow_share=0.05, with_slow=True, seed=1)


def right(latency_s: float, *, slow: bool = False) -> Answer:
    return Answer(slow, "right", latency_s, 0.0)


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop of its own; this thread has the reactor's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def silent(words: str, share: float) -> None: ...


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


async def asked_together(port: int, paths: list[str]) -> list[bytes]:
    return await asyncio.gather(*(fetch(port, path) for path in paths))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_short_and_slow_queries_at_once(name: str) -> None:
    if missing := MODELS[name].missing():
        pytest.skip(missing)
    queries = [
        Query(7, slow=False),
        Query(8, slow=True),
        Query(9, slow=True),
        Query(ITEMS - 1, False),
    ]

    with served(MODELS[name], 0.05, 5.0, Event()) as (port, _):
        paths = [query.path for query in queries]
        *answers, nothing = run_apart(asked_together(port, [*paths, "/nothing"]))

    assert [judged(*pair) for pair in zip(queries, answers, strict=True)] == ["right"] * 4
    assert nothing.split(b" ", 2)[1] == b"404"


def test_the_slow_lane_gives_up_what_is_not_through_in_time_and_short_ones_pass() -> None:
    with served(MODELS["two-lanes"], 0.3, 0.4, Event()) as (port, _):
        slow = [Query(number, slow=True) for number in range(4)]
        short = Query(5, slow=False)

        async def ask() -> tuple[float, bytes, list[bytes]]:
            waiting = asyncio.ensure_future(asked_together(port, [each.path for each in slow]))
            await asyncio.sleep(0.05)  # until they are in their lane
            began = time.monotonic()
            answer = await fetch(port, short.path)
            return time.monotonic() - began, answer, await waiting

        took_s, answer, answers = run_apart(ask())

    assert judged(short, answer) == "right"
    assert took_s < 0.2
    outcomes = [judged(*pair) for pair in zip(slow, answers, strict=True)]
    assert sorted(outcomes) == ["refused", "refused", "right", "right"]


def test_a_model_that_does_not_start_says_why() -> None:
    broken = Model("fork", "broken", "", "process_per_request")

    with (
        pytest.raises(ServeBroke, match=r"did not start: .*KeyError"),
        served(replace(broken, name="nowhere"), 0.1, 1.0, Event()),
    ):
        pass


def test_nginx_keeps_all_its_files_in_the_services_folder() -> None:
    text = configuration(Service("/f", 8099, 0.1, 4, 1.0), backlog=9)

    assert "listen 127.0.0.1:8099 backlog=9;" in text
    assert text.count("/f/") == 7


# Queries


def test_the_database_gives_what_is_expected(tmp_path: Path) -> None:
    service = Service(str(tmp_path), 0, 0.0, 4, 1.0)
    make_database(service.database)
    items, waits = Items(service.database), []

    for query in (Query(0, slow=False), Query(ITEMS - 1, slow=True)):
        answer = respond(items, query.path, lambda: waits.append(1))
        assert answer == (OK, expected(query))

    assert waits == [1]  # the slow one


@pytest.mark.parametrize("path", ["/", "/item/", f"/item/{ITEMS}", "/item/-1", "/item/²", "/x/1"])
def test_no_other_path_is_a_query(path: str, tmp_path: Path) -> None:
    assert respond(Items(str(tmp_path / "none.db")), path, lambda: None) == (NOT_FOUND, b"")


def test_an_answer_is_right_only_to_the_byte() -> None:
    query = Query(3, slow=False)
    good = message(OK, expected(query))

    assert judged(query, good) == "right"
    assert judged(Query(4, slow=False), good) == "wrong"
    assert judged(query, good[:-1]) == "wrong"
    assert judged(query, message("503 Service Unavailable", b"")) == "refused"
    assert judged(query, b"") == "failed"


# The load


def test_the_short_queries_are_the_same_with_and_without_the_slow() -> None:
    mixed = list(LOAD.queries())
    alone = list(replace(LOAD, with_slow=False).queries())

    assert alone == [(due, query) for due, query in mixed if not query.slow]
    assert 0 < len(mixed) - len(alone) < 0.15 * len(mixed)
    assert 200 < len(mixed) < 400
    assert all(due < LOAD.seconds for due, _ in mixed)


def test_a_server_that_stalls_is_asked_on_and_the_wait_counts_from_when_it_was_due() -> None:
    async def main() -> list[Answer]:
        accepted: list[float] = []
        open_from = asyncio.get_running_loop().time() + 0.4

        async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.append(open_from - asyncio.get_running_loop().time())
            head = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(max(0.0, accepted[-1]))
            query = Query.of(head.split(b" ")[1].decode())
            assert query is not None
            writer.write(message(OK, expected(query)))
            writer.close()

        server = await asyncio.start_server(stall, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await run(Load(port, 50.0, 0.3, 0.0, with_slow=True, seed=3))

    answers = run_apart(main())

    assert len(answers) > 5
    assert {answer.outcome for answer in answers} == {"right"}
    assert answers[0].latency_s > answers[-1].latency_s > 0.04  # those due first waited longest


def test_nobody_there_is_a_failed_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    answers = run_apart(run(Load(port, 100.0, 0.05, 0.0, with_slow=True, seed=1)))

    assert {answer.outcome for answer in answers} == {"failed"}


# Figures


def test_short_and_slow_ones_are_told_apart() -> None:
    mixed = [
        right(0.01), right(0.03), right(0.2, slow=True), Answer(True, "refused", 1.0, 0.002)
    ]  # fmt: skip

    found = figures([right(0.001), right(0.002)], mixed, 20_000_000)

    assert found == Figures(
        alone_p50_s=0.001, alone_p99_s=0.002, short_p50_s=0.01, short_p99_s=0.03, slow_p50_s=0.2,
        refused=0.5, sent_late_p99_s=0.002, pss_mb=20.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "bad", [Answer(False, "refused", 0.1, 0.0), Answer(True, "wrong", 0.1, 0.0),
            Answer(False, "failed", 10.0, 0.0)],
)  # fmt: skip
def test_an_answer_that_is_not_right_breaks_the_model(bad: Answer) -> None:
    with pytest.raises(ServeBroke, match=bad.outcome):
        figures([right(0.1)], [right(0.1), bad], None)


def test_a_measurement_fits_the_terminal_and_json() -> None:
    plan = Plan([MODELS["thread-pool"], MODELS["fork"]], seconds=0.2, rounds=1, at_once=2)

    section = measured(plan, silent)

    json.dumps(section, allow_nan=False)
    text = printed(section)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "process per request" in text
    assert "keep 1.5 places" in text


def test_what_broke_and_what_is_unavailable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Figures:
        raise ServeBroke("it fell")

    monkeypatch.setattr(measure_module, "_once", broken)
    missing = Model("no", "no such", "", "no", requires=("no_such_module",))

    text = printed(measured(Plan([MODELS["fork"], missing], rounds=1), silent))

    assert "broke: it fell" in text
    assert "unavailable: no_such_module is not installed" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rate", "0"], "--rate must be"),
        (["--slow-ms", "0"], "--slow-ms must be"),
        (["--slow-share", "0.9"], "--slow-share must be"),
        (["--seconds", "-1"], "--seconds and --rounds"),
        (["--models", "apache"], "--models: there is no model 'apache'; there are: fork"),
    ],
)
def test_a_wrong_option_is_named(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan_of(options(*words))


def test_quick_is_one_short_round_of_all_models() -> None:
    plan = plan_of(options("--quick"))

    assert (plan.rounds, plan.at_once, plan.limit_s) == (1, 4, 1.0)
    assert plan.models == chosen("") == list(MODELS.values())


def served_row(name: str, alone_s: float, mixed_s: float) -> dict[str, Any]:
    p99 = {"alone_p99_s": {"median": alone_s}, "short_p99_s": {"median": mixed_s}}
    return {"model": name, "broke": "", **p99}


def test_claims_stand_beside_the_p99_of_the_short_ones() -> None:
    rows = [
        served_row("thread-pool", 0.01, 0.06), served_row("two-lanes", 0.01, 0.02),
        served_row("reuseport", 0.01, 0.3), served_row("master", 0.01, 0.06),
    ]  # fmt: skip

    held_up, lane, kernel = claims(rows)

    assert (held_up.holds, lane.holds, kernel.holds) == (True, True, False)
    assert lane.figure == "p99 of the short ones: two-lanes 20 ms, thread-pool 60 ms"
    assert list(claims([{"model": "fork", "broke": "it fell"}])) == []
