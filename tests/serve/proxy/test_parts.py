"""Named queries are read, equal ones fly once, and answers are kept for as long as they may be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ConfigError
from crawlproj.serve.database.placeholders import names_in, psycopg_sql
from crawlproj.serve.proxy.cache import Answer, AnswerCache
from crawlproj.serve.proxy.flights import Flights
from crawlproj.serve.proxy.queries import load_queries
from tests.frontier.helpers import run
from tests.frontier.virtual import run_virtually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frontier.helpers import Now

GOOD = """
[orders]
sql = "SELECT id FROM orders WHERE customer = :customer AND paid = :paid AND at > '10:30'"
summary = "Orders of a customer"
lane = "slow"
limit = 50
seconds = 0.5
cache = 5

[orders.parameters]
customer = { type = "integer", min = 1, description = "its number" }
paid = { type = "boolean", default = true }
"""


def load(path: Path, text: str) -> list[str]:
    file = path / "queries.toml"
    file.write_text(text)
    return [query.name for query in load_queries(file)]


def test_a_query_has_what_its_table_says(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) == ["orders"]
    (query,) = load_queries(tmp_path / "queries.toml")
    assert (query.lane, query.limit, query.seconds, query.cache_s) == ("slow", 50, 0.5, 5.0)
    customer, paid = query.parameters
    assert (customer.required, customer.kind.schema()["minimum"]) == (True, 1)
    assert (paid.required, paid.default) == (False, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no query"),
        ("[a", "is not TOML"),
        ("a = 1", r"\[a\] in .* must be a table"),
        ("[Orders]\nsql = 'SELECT 1'", "small letters"),
        ("[a]\nsql = ' '", "needs sql"),
        ("[a]\nsql = 1", "sql must be text, not 1"),
        ("[a]\nsql = 'SELECT 1'\nlan = 'fast'", "has 'lan'; it takes cache, descending, lane"),
        ("[a]\nsql = 'SELECT 1'\norder_by = ['x', 'x']", "different columns"),
        ("[a]\nsql = 'SELECT 1'\norder_by = [1]", "different columns"),
        (
            "[a]\nsql = 'SELECT :cursor'\norder_by = ['x']\n[a.parameters]\ncursor = {}",
            "must not have a parameter cursor",
        ),
        ("[a]\nsql = 'SELECT 1'\nlane = 'middle'", "lane must be"),
        ("[a]\nsql = 'SELECT 1'\nlimit = 0", "limit must be from 1"),
        (
            "[b]\nsql = 'SELECT 1'\n\n[a]\nsql = 'SELECT 1'\nlimit = 0",
            r"\[a\] in .*, line 4: limit",
        ),
        ("[a]\nsql = 'SELECT 1'\nlimit = true", "limit must be a whole number"),
        ("[a]\nsql = 'SELECT 1'\ncache = -1", "cache must be a number of seconds"),
        ("[a]\nsql = 'SELECT :x'", "has the parameters x, and its table parameters describes none"),
        ("[a]\nsql = 'SELECT 1'\n[a.parameters]\nx = {}", "describes x"),
        ("[a]\nsql = 'SELECT :x'\n[a.parameters]\nx = {type = 'date'}", "type must be text"),
        ("[a]\nsql = 'SELECT :x'\n[a.parameters]\nx = {typ = 'text'}", "parameter x has 'typ'"),
        (
            "[a]\nsql = 'SELECT :x'\n[a.parameters]\nx = {type = 'integer', default = 'y'}",
            "its default must be a whole number",
        ),
        ("[a]\nsql = 'SELECT :x'\n[a.parameters]\nx = {choices = []}", "choices must be a list"),
    ],
)
def test_the_error_names_the_line_of_a_wrong_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        load_queries(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("sql", "expected", "names"),
    [
        ("SELECT :a, :b_2", "SELECT %(a)s, %(b_2)s", {"a", "b_2"}),
        ("SELECT 'it''s :a', x::text", "SELECT 'it''s :a', x::text", set()),
        ('SELECT ":a" -- :b\n, :c', 'SELECT ":a" -- :b\n, %(c)s', {"c"}),
        ("SELECT /* :a\n:b */ :c", "SELECT /* :a\n:b */ %(c)s", {"c"}),
        (r"SELECT E'\':a', :b", r"SELECT E'\':a', %(b)s", {"b"}),
        ("SELECT $x$ :a $x$, $$ :b $$, :c", "SELECT $x$ :a $x$, $$ :b $$, %(c)s", {"c"}),
        ("SELECT 5 % :a, '%', LIKE '%x'", "SELECT 5 %% %(a)s, '%%', LIKE '%%x'", {"a"}),
        ("SELECT a[1:2], '12:30'", "SELECT a[1:2], '12:30'", set()),
        ("SELECT 'open :a", "SELECT 'open %(a)s", {"a"}),
    ],
)
def test_parameters_are_found_where_sql_has_them(sql: str, expected: str, names: set[str]) -> None:
    assert psycopg_sql(sql) == expected
    assert names_in(sql) == names


def test_equal_work_in_flight_is_done_once() -> None:
    async def scene() -> None:
        flights: Flights[int] = Flights()
        go = asyncio.Event()
        begun: list[str] = []

        async def work() -> int:
            begun.append("work")
            await go.wait()
            return len(begun)

        waiting = [asyncio.ensure_future(flights.join("k", work)) for _ in range(3)]
        other = asyncio.ensure_future(flights.join("other", work))
        await asyncio.sleep(0.01)
        assert len(begun) == 2
        waiting[0].cancel()
        go.set()
        assert await waiting[1] == await waiting[2] == await other == 2
        assert await flights.join("k", work) == 3  # the next one is not in flight any more

    run_virtually(scene())


def test_work_that_nobody_waits_for_any_more_is_cancelled() -> None:
    async def scene() -> None:
        flights: Flights[int] = Flights()
        ended = asyncio.Event()

        async def work() -> int:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return 1

        async def quick() -> int:
            return 2

        waiting = [asyncio.ensure_future(flights.join("k", work)) for _ in range(2)]
        await asyncio.sleep(0.01)
        for each in waiting:
            assert not ended.is_set()
            each.cancel()
            await asyncio.wait({each})
        await ended.wait()
        assert await flights.join("k", quick) == 2

    run_virtually(scene())


def test_a_failure_reaches_all_who_wait() -> None:
    async def scene() -> None:
        flights: Flights[int] = Flights()

        async def work() -> int:
            await asyncio.sleep(0)
            raise ValueError("no")

        waiting = [asyncio.ensure_future(flights.join("k", work)) for _ in range(2)]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(each) for each in results] == ["no", "no"]

    run(scene())


def test_an_answer_is_kept_for_its_time(now: Now) -> None:
    cache, answer = AnswerCache(now), Answer(b"x", "fast")
    cache.put("k", answer, 5.0)
    now.time += 2
    assert cache.get("k") == (answer, 3.0)
    now.time += 3
    assert cache.get("k") is None
    cache.put("k", answer, 0.0)
    assert cache.get("k") is None


def test_the_cache_forgets_what_was_not_used_for_longest(now: Now) -> None:
    cache, size = AnswerCache(now), 15 * 1024 * 1024
    for number in range(4):
        cache.put(number, Answer(bytes([number]) * size, "fast"), 60.0)
    assert cache.get(0) is not None
    cache.put(4, Answer(b"4" * size, "fast"), 60.0)
    assert [cache.get(number) is not None for number in range(5)] == [True, False, True, True, True]
    cache.put("huge", Answer(b"5" * (size + 2 * 1024 * 1024), "fast"), 60.0)
    assert cache.get("huge") is None


def test_a_tag_stands_for_the_body_alone() -> None:
    one, same, other = Answer(b"a", "fast"), Answer(b"a", "slow"), Answer(b"b", "fast")
    assert one.tag == same.tag != other.tag
    assert one.is_one_of(f'"x", W/{same.tag}')
    assert one.is_one_of("*")
    assert not one.is_one_of(other.tag)
