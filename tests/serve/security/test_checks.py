"""Which requests are refused whoever sends them, and what every answer tells a browser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from crawlproj.serve.security.headers import SecurityHeaders
from crawlproj.serve.security.hosts import HostCheck
from crawlproj.serve.security.origins import OriginCheck
from crawlproj.serve.security.requests import MAX_BODY, BoundedRequests
from tests.frontier.helpers import run
from tests.serve.helpers import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Receive, Scope, Send


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("inside")(scope, receive, send)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8400", "127.0.0.1:8400", "[::1]:8400", "192.0.2.7", "box.test."],
)
def test_our_names_and_every_address_are_right(host: str) -> None:
    assert HostCheck(inside, ["localhost", "box.test"]).accepts(host)


@pytest.mark.parametrize(
    "host",
    ["evil.test", "localhost.evil.test", "a@localhost", "localhost:x", "", "[::1", "2130706433.x"],
)
def test_a_name_that_resolves_to_us_is_not_ours(host: str) -> None:
    assert not HostCheck(inside, ["localhost"]).accepts(host)


def test_a_wrong_host_gets_421_and_the_way_to_make_it_right() -> None:
    client = Client(HostCheck(inside, ["localhost"]))
    response = client.ask("GET", "/", headers={"Host": "evil.test"})
    assert response.status_code == 421
    assert "--allow-host" in response.json()["detail"]


def judged(
    method: str, path: str, headers: Mapping[str, str] = {}, *, read_only: bool = False
) -> str:
    check = OriginCheck(inside, ["/api/query"], read_only=read_only)
    problem = check.judge(method, path, Headers({"host": "box.test:1", **headers}))
    return problem.name if problem else ""


def test_pages_of_other_sites_may_link_to_us_and_read_nothing() -> None:
    for site in ("cross-site", "same-site"):
        link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
        assert judged("GET", "/", link) == ""
        assert judged("GET", "/api/pages", link) == "cross-site"
        assert (
            judged("GET", "/", {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"})
            == "cross-site"
        )
    for site in ("same-origin", "none"):
        assert judged("GET", "/api/pages", {"sec-fetch-site": site}) == ""
    assert judged("GET", "/api/pages") == ""  # a program


def test_what_changes_something_must_come_from_our_own_pages_or_a_program_with_a_token() -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({"sec-fetch-site": "same-origin"}, ""),
        ({"sec-fetch-site": "same-site"}, "cross-site"),
        ({"sec-fetch-site": "none"}, "cross-site"),
        ({"sec-fetch-site": "cross-site", "origin": "http://box.test:1"}, "cross-site"),
        ({"origin": "http://box.test:1"}, ""),
        ({"origin": "http://box.test"}, "cross-site"),
        ({"origin": "null"}, "cross-site"),
        ({"authorization": "Bearer x"}, ""),
        ({"authorization": "Basic x"}, "no-origin"),
        ({}, "no-origin"),
    ]
    for headers, verdict in cases:
        assert judged("POST", "/api/pause", headers) == verdict, headers


def test_read_only_refuses_changes_and_lets_reads_pass() -> None:
    same = {"sec-fetch-site": "same-origin"}
    assert judged("POST", "/api/pause", same, read_only=True) == "read-only"
    assert judged("POST", "/api/query", same, read_only=True) == ""
    assert judged("POST", "/api/query", read_only=True) == ""
    assert judged("POST", "/api/query", {"sec-fetch-site": "cross-site"}) == "cross-site"


def test_every_answer_forbids_inline_code_and_what_is_elsewhere() -> None:
    headers = Client(SecurityHeaders(inside)).ask("GET", "/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_a_body_that_is_too_large_is_refused() -> None:
    client = Client(BoundedRequests(inside))
    assert client.ask("POST", "/", json="x" * (MAX_BODY - 2)).status_code == 200
    assert client.ask("POST", "/", json="x" * (MAX_BODY - 1)).status_code == 413
    assert client.ask("GET", "/", params={"q": "x" * 40_000}).status_code == 414


def test_the_work_ends_when_the_client_goes_away() -> None:
    ended: list[str] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    messages: list[dict[str, Any]] = [{"type": "http.request"}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError("nobody is there")

    scope = {"type": "http", "method": "GET", "raw_path": b"/", "query_string": b""}
    run(BoundedRequests(slow)(scope, receive, send))
    assert ended == ["cancelled"]


def test_an_answer_that_is_complete_is_not_cancelled_by_the_disconnect_after_it() -> None:
    after: list[str] = []

    async def with_afterthought(scope: Scope, receive: Receive, send: Send) -> None:
        await inside(scope, receive, send)
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"
        after.append("done")

    answered = asyncio.Event()

    async def receive() -> Message:
        if not answered.is_set() and not after:
            after.append("asked")
            return {"type": "http.request", "body": b""}
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            answered.set()

    scope = {"type": "http", "method": "GET", "raw_path": b"/", "query_string": b""}
    run(BoundedRequests(with_afterthought)(scope, receive, send))
    assert after == ["asked", "done"]
