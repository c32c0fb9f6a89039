"""Who gets in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.responses import PlainTextResponse

from crawlproj.errors import ConfigError
from crawlproj.serve.security.attempts import Attempts
from crawlproj.serve.security.tokens import COOKIE, TokenCheck, checked_token, new_token
from tests.serve.helpers import HOST, Client

if TYPE_CHECKING:
    import httpx
    from starlette.types import Receive, Scope, Send

    from tests.frontier.helpers import Now

TOKEN = "0123456789abcdef"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("inside")(scope, receive, send)


def door(now: Now, *, address: str = "192.0.2.1", behind_proxy: bool = False) -> Client:
    check = TokenCheck(inside, TOKEN, secure=True, behind_proxy=behind_proxy, clock=now)
    return Client(check, address)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_without_the_token_nobody_gets_in(now: Now) -> None:
    response = door(now).ask("GET", "/")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "CRAWLPROJ_SERVE_TOKEN" in response.json()["detail"]


def test_a_program_gets_in_with_the_token_in_its_header(now: Now) -> None:
    assert door(now).ask("GET", "/", headers=bearer(TOKEN)).text == "inside"
    assert door(now).ask("GET", "/", headers=bearer(TOKEN + "x")).status_code == 401
    strange = {b"Authorization": "Bearer é".encode()}
    assert door(now).ask("GET", "/", headers=strange).status_code == 401


def test_a_browser_gets_a_cookie_and_an_address_without_the_token(now: Now) -> None:
    client = door(now)
    first = client.ask("GET", "/pages", params={"site": "a b", "token": TOKEN})
    assert (first.status_code, first.headers["location"]) == (303, "/pages?site=a+b")
    cookie = first.headers["set-cookie"]
    for word in ("HttpOnly", "Secure", "SameSite=strict"):
        assert word in cookie
    assert TOKEN not in cookie
    value = cookie.partition(";")[0].partition("=")[2]
    again = client.ask("GET", "/pages", headers={"Cookie": f"{COOKIE}={value}"})
    assert again.text == "inside"


def test_the_way_in_leads_to_no_other_server(now: Now) -> None:
    response = door(now).ask("GET", f"{HOST}//evil.test/", params={"token": TOKEN})
    assert response.headers["location"] == "/evil.test/"


def test_an_address_that_guesses_must_wait_and_the_others_need_not(now: Now) -> None:
    check = TokenCheck(inside, TOKEN, secure=True, clock=now)
    guesser, other = Client(check, "192.0.2.1"), Client(check, "192.0.2.2")

    def guess() -> httpx.Response:
        return guesser.ask("GET", "/", params={"token": "wrong"})

    assert [guess().status_code for _ in range(6)] == [401] * 5 + [429]
    assert int(guess().headers["retry-after"]) == 10
    assert guesser.ask("GET", "/", headers=bearer(TOKEN)).status_code == 429
    assert other.ask("GET", "/", headers=bearer(TOKEN)).status_code == 200
    now.time += 10.1
    assert [guess().status_code for _ in range(2)] == [401, 429]
    now.time += 100
    assert guesser.ask("GET", "/", headers=bearer(TOKEN)).status_code == 200


def test_a_visit_without_any_token_is_not_a_guess(now: Now) -> None:
    client = door(now)
    assert {client.ask("GET", "/").status_code for _ in range(20)} == {401}


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(now: Now) -> None:
    client = door(now, behind_proxy=True)

    def guess(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded, **bearer("wrong")}
        return client.ask("GET", "/", headers=headers).status_code

    assert [guess(f"10.0.0.{n}, 192.0.2.9") for n in range(6)] == [401] * 5 + [429]
    assert guess("192.0.2.9, 192.0.2.10") == 401


@pytest.mark.parametrize("token", ["short", "0123456789abcde é", "0123456789 abcdef", "\n" * 16])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token: str) -> None:
    with pytest.raises(ConfigError, match="SERVE_TOKEN must have at least 16"):
        checked_token(token)


def test_a_new_token_is_one_of_its_own() -> None:
    assert checked_token(new_token()) != new_token()


def test_addresses_that_guess_do_not_fill_the_memory(now: Now) -> None:
    attempts = Attempts(now)
    for number in range(10_050):
        for _ in range(5):
            attempts.failed(str(number))
    assert len(attempts._forgiven) == 10_000
    assert attempts.wait_s("10049") == 10
    assert attempts.wait_s("1") == 0
