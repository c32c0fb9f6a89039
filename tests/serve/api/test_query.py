"""SELECTs of a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.serve.helpers import Client, config, fill, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

pytestmark = pytest.mark.slow  # the slow lane of an SQLite file is a process


def as_reader(url: str) -> str:
    """Return the URL of the same database with a role that may only read."""
    if url.startswith("sqlite"):
        return url
    with psycopg.connect(url, autocommit=True) as db:
        if not db.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reader'").fetchone():
            db.execute("CREATE ROLE reader LOGIN PASSWORD 'pw'")
        db.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    rest = url.partition("@")[2]
    return f"postgresql://reader:pw@{rest}"


@pytest.fixture(scope="module")
def client(store_url: str) -> Iterator[Client]:
    fill(store_url, [page(f"http://a.test/{n}", title=f"t{n}", depth=n) for n in range(20)])
    with serving(config(as_reader(store_url))) as client:
        yield client


def query(client: Client, sql: str, **more: Any) -> httpx.Response:
    return client.ask("POST", "/api/query", json={"sql": sql, **more})


def refused(response: httpx.Response) -> str:
    assert response.status_code == 400, response.text
    detail: str = response.json()["detail"]
    return detail


def test_a_select_returns_columns_and_rows(client: Client) -> None:
    response = query(
        client,
        "SELECT url, depth, ':x' AS literal FROM pages WHERE depth >= :least ORDER BY depth",
        parameters={"least": 18},
    )
    assert response.status_code == 200, response.text
    assert response.json() == {
        "columns": ["url", "depth", "literal"],
        "rows": [["http://a.test/18", 18, ":x"], ["http://a.test/19", 19, ":x"]],
        "cut": None,
        "next": None,
    }
    assert response.headers["crawlproj-lane"] == "slow"


def test_more_rows_than_the_limit_are_cut_and_the_answer_says_so(client: Client) -> None:
    answer = query(client, "SELECT url FROM pages", limit=5).json()
    assert (len(answer["rows"]), answer["cut"]) == (5, "rows")
    whole = query(client, "SELECT url FROM pages", limit=20).json()
    assert (len(whole["rows"]), whole["cut"]) == (20, None)


def test_more_bytes_than_an_answer_may_have_are_cut(client: Client) -> None:
    many = "replace(hex(zeroblob(500)), '0', 'abcdefghij')"
    text = "repeat('abcdefghij', 1000)" if postgres(client) else many
    rows = ", ".join(["(1)"] * 500)
    sql = f"WITH n(x) AS (VALUES {rows}) SELECT {text} AS t FROM n"  # noqa: S608 - as a user does
    answer = query(client, sql).json()
    assert answer["cut"] == "bytes"
    assert 300 < len(answer["rows"]) < 500


def walk(client: Client, sql: str, **more: Any) -> list[Any]:
    """Return the rows of all answers, each of which goes on where the one before was cut."""
    rows: list[Any] = []
    while True:
        response = query(client, sql, **more)
        assert response.status_code == 200, response.text
        answer = response.json()
        rows += answer["rows"]
        assert (answer["next"] is None) == (answer["cut"] is None)
        if answer["next"] is None:
            return rows
        more["cursor"] = answer["next"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT url, depth % 3 AS third, title FROM pages WHERE depth >= :least",
        "SELECT url, depth % 3 AS third, title FROM pages WHERE depth >= :least -- as typed",
        "SELECT url, depth % 3 AS third, title FROM pages WHERE depth >= :least ;\n",
    ],
)
def test_an_ordered_select_goes_on_where_it_was_cut(
    client: Client, sql: str, descending: bool
) -> None:
    order = {"order_by": ["third", "url"], "descending": descending}
    more = {"parameters": {"least": 4}, "limit": 5, **order}
    rows = walk(client, sql, **more)
    urls = {n: f"http://a.test/{n}" for n in range(4, 20)}
    wanted = sorted(([url, n % 3, f"t{n}"] for n, url in urls.items()), key=lambda r: (r[1], r[0]))
    assert rows == (wanted[::-1] if descending else wanted)


def test_an_answer_that_bytes_cut_goes_on_too(client: Client) -> None:
    rows = ", ".join(f"({n})" for n in range(400))
    many = "replace(hex(zeroblob(500)), '0', 'abcdefghij')"
    text = "repeat('abcdefghij', 1000)" if postgres(client) else many
    sql = f"WITH n(x) AS (VALUES {rows}) SELECT x, {text} AS t, {text} AS u FROM n"  # noqa: S608
    found = walk(client, sql, order_by=["x"])
    assert [row[0] for row in found] == list(range(400))


def test_rows_without_a_place_in_the_order_are_left_out(client: Client) -> None:
    sql = "SELECT 1 AS x UNION ALL SELECT NULL UNION ALL SELECT 2"
    assert walk(client, sql, order_by=["x"], limit=1) == [[1], [2]]


def test_rows_that_the_order_does_not_tell_apart_are_never_cut_silently(client: Client) -> None:
    sql = "SELECT url, status FROM pages"
    detail = refused(query(client, sql, order_by=["status"], limit=5))
    assert "add a column that tells them apart" in detail
    assert query(client, sql, order_by=["status"]).json()["next"] is None


def test_values_that_no_cursor_can_hold_are_refused_only_where_one_is_needed(
    client: Client,
) -> None:
    blob = "'\\x00'::bytea" if postgres(client) else "x'00'"
    sql = f"SELECT {blob} AS b, 1 AS n UNION ALL SELECT {blob}, 2"
    assert "CAST it" in refused(query(client, sql, order_by=["b", "n"], limit=1))
    assert len(query(client, sql, order_by=["b", "n"]).json()["rows"]) == 2


def postgres(client: Client) -> bool:
    return query(client, "SELECT 1 FROM pg_class LIMIT 1").status_code == 200


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM pages",
        "UPDATE pages SET title = 'x'",
        "INSERT INTO pages (url) VALUES ('x')",
        "WITH gone AS (DELETE FROM pages RETURNING url) SELECT * FROM gone",
        "DROP TABLE pages",
        "CREATE TABLE t (x int)",
        "CREATE TEMP TABLE t (x int)",
        "SELECT 1; DELETE FROM pages",
        "COMMIT; DELETE FROM pages",
        "COMMIT",
        "ATTACH DATABASE '/tmp/x' AS x",
        "PRAGMA user_version = 1",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO '/tmp/x'",
        "SELECT load_extension('/tmp/x')",
        "SELECT * FROM frontier_meta",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "COPY pages TO '/tmp/x'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET statement_timeout = 0",
        "no sql at all",
        "SELECT :missing",
        "",
        "SELECT 'open",
    ],
)
def test_nothing_but_reading_is_possible(client: Client, sql: str) -> None:
    refused(query(client, sql))
    assert query(client, "SELECT count(*) FROM pages WHERE title LIKE 't%'").json()["rows"] == [
        [20]
    ]


@pytest.mark.parametrize(
    "sql", ["DELETE FROM pages", "DROP TABLE pages", "COMMIT", "VACUUM INTO '/tmp/x'"]
)
def test_the_error_says_what_to_send_instead_of_what_writes(client: Client, sql: str) -> None:
    assert "send one SELECT that only reads" in refused(query(client, sql))


def test_a_select_that_the_role_may_not_run_is_not_taken_for_a_statement_that_writes(
    client: Client,
) -> None:
    detail = refused(query(client, "SELECT * FROM pg_authid"))
    assert "send one SELECT" not in detail
    assert ("grant it" in detail) is postgres(client)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "must be an object"),
        ({"sql": 1}, "must be an object"),
        ({"sql": "SELECT 1", "limits": 1}, "has 'limits'"),
        ({"sql": "SELECT 1", "limit": True}, "whole number"),
        ({"sql": "SELECT 1", "limit": 10_001}, "whole number"),
        ({"sql": "SELECT 1", "parameters": {"a": []}}, "a parameter 'a'"),
        ({"sql": "SELECT 1", "parameters": {"a": 2**64}}, "a parameter 'a'"),
        ({"sql": "SELECT '\0'"}, "NUL"),
        ({"sql": "SELECT 1", "order_by": "x"}, "list of names"),
        ({"sql": "SELECT 1", "order_by": []}, "1 to 4 different columns"),
        ({"sql": "SELECT 1", "order_by": ["x", "x"]}, "1 to 4 different columns"),
        ({"sql": "SELECT 1 AS x", "order_by": ["y"]}, "y"),
        ({"sql": "SELECT 1 AS x", "order_by": ["x"], "descending": 1}, "true or false"),
        ({"sql": "SELECT 1 AS x", "order_by": ["x"], "cursor": "?"}, "has a cursor that"),
        ({"sql": "SELECT 1 AS x", "order_by": ["x"], "cursor": "WzEsMl0"}, "has a cursor that"),
        ({"sql": "SELECT 1 AS x", "cursor": "WzFd"}, "no order_by"),
    ],
)
def test_the_error_names_what_is_wrong_in_a_body(client: Client, body: Any, message: str) -> None:
    assert message in refused(client.ask("POST", "/api/query", json=body))


def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    assert client.ask("POST", "/api/query").status_code == 415


def test_values_that_json_lacks_have_a_form(client: Client) -> None:
    blob = "'\\x00ff'::bytea" if postgres(client) else "x'00ff'"
    infinite = "'inf'::float8" if postgres(client) else "9e999"
    rows = query(client, f"SELECT {blob} AS b, {infinite} AS i, NULL AS n").json()["rows"]
    assert rows == [[{"base64": "AP8="}, "inf", None]]


def test_a_role_that_may_write_is_refused_with_the_way_to_make_another(store_url: str) -> None:
    if store_url.startswith("sqlite"):
        return
    with serving(config(store_url)) as client:
        assert "GRANT SELECT" in refused(query(client, "SELECT 1"))
        assert client.get("/api/pages", limit=1)["items"]
        with psycopg.connect(store_url, autocommit=True) as db:
            db.execute("CREATE ROLE scribe LOGIN PASSWORD 'pw'")
            db.execute("GRANT SELECT, INSERT ON pages TO scribe")
    rest = store_url.partition("@")[2]
    with serving(config(f"postgresql://scribe:pw@{rest}")) as client:
        assert "may write to tables" in refused(query(client, "SELECT 1"))


def test_the_connection_that_refused_serves_on(client: Client) -> None:
    for _ in range(5):
        refused(query(client, "SELECT nothing FROM nowhere"))
    assert query(client, "SELECT 1 AS one").json()["rows"] == [[1]]
