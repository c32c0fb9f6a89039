"""What the errors of a login say, and what they leave out."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.downloadermiddlewares.form_login import FormLogin
from crawlproj.downloadermiddlewares.login_session import LoginDelayed
from crawlproj.downloadermiddlewares.login_signs import LoginSigns
from crawlproj.http.login import LoginForm
from tests.frontier.virtual import run_virtually

if TYPE_CHECKING:
    from scrapy import Request


def test_an_error_names_the_page_without_the_query_that_may_have_a_token() -> None:
    form = LoginForm("http://a.example/login?ticket=s3cret", (("password", "s3cret"),))

    async def download(request: Request) -> None:
        await asyncio.sleep(60)
        raise TimeoutError(f"{request.url} took longer than 60 s. Is it up? Try again")

    crawler: Any = SimpleNamespace(engine=SimpleNamespace(download_async=download))
    with pytest.raises(LoginDelayed) as raised:
        run_virtually(FormLogin(crawler, form, LoginSigns(form)).log_in())
    page = "http://a.example/login"
    assert str(raised.value) == f"{page}: {page} took longer than 60 s. Is it up? Try again"
