"""The errors of a login, and the secrets that they leave out."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.http import HtmlResponse

from crawlproj.downloadermiddlewares.form_login import FormLogin
from crawlproj.downloadermiddlewares.login_session import LoginDelayed, LoginFailed
from crawlproj.downloadermiddlewares.login_signs import LoginSigns
from crawlproj.http.login import LoginForm
from tests.frontier.virtual import run_virtually

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy import Request

PAGE = "http://a.example/login"
INPUTS = '<input name="password" type="password">'


def log_in(form: LoginForm, download: Callable[[Request], Awaitable[Any]]) -> None:
    crawler: Any = SimpleNamespace(engine=SimpleNamespace(download_async=download))
    run_virtually(FormLogin(crawler, form, LoginSigns(form)).log_in())


def test_an_error_names_the_page_without_the_query_that_may_have_a_token() -> None:
    form = LoginForm(f"{PAGE}?ticket=s3cret", (("password", "s3cret"),))

    async def download(request: Request) -> None:
        await asyncio.sleep(60)
        raise TimeoutError(f"{request.url}#t0ken took longer than 60 s. Is it up? Try again")

    with pytest.raises(LoginDelayed) as raised:
        log_in(form, download)
    assert str(raised.value) == f"{PAGE}: {PAGE} took longer than 60 s. Is it up? Try again"


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, LoginFailed), (401, LoginFailed), (422, LoginFailed), (403, LoginDelayed)],
)
def test_a_form_that_is_refused_is_not_sent_again_with_the_same_password(
    status: int, error: type[Exception]
) -> None:
    async def download(request: Request) -> HtmlResponse:
        body = f"<form method=post>{INPUTS}</form>".encode()
        return HtmlResponse(request.url, status if request.method == "POST" else 200, body=body)

    with pytest.raises(error, match=f"^{PAGE} .* HTTP status {status}"):
        log_in(LoginForm(PAGE, (("password", "s3cret"),)), download)


@pytest.mark.parametrize("status", [401, 422, 503])
def test_a_page_without_its_form_may_have_it_later(status: int) -> None:
    async def download(request: Request) -> HtmlResponse:
        return HtmlResponse(request.url, status)

    with pytest.raises(LoginDelayed, match=f"HTTP status {status}"):
        log_in(LoginForm(PAGE, (("password", "s3cret"),)), download)
