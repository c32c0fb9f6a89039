"""Fetches the form of a login, fills it in and sends it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.http.request import NO_CALLBACK

from crawlproj.downloadermiddlewares.login_session import LoginDelayed, LoginFailed
from crawlproj.downloadermiddlewares.login_signs import PASSWORD, forms_on, names_in, shows_form
from crawlproj.http.access import LOGIN, NEW_SESSION
from crawlproj.reasons import detail_of

if TYPE_CHECKING:
    from typing import Any

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj.downloadermiddlewares.login_signs import LoginSigns
    from crawlproj.http.login import LoginForm

LOGIN_META = {
    LOGIN: True,
    "dont_obey_robotstxt": True,  # nobody crawls here: the user has an account
    "dont_cache": True,
    "allow_offsite": True,
    "handle_httpstatus_list": tuple(range(400, 600)),  # redirects are followed
}
# Of a form that was sent. Any other error, such as a 403 from a firewall, may be over later.
_REFUSALS = frozenset({400, 401, 422})
_TOKENS = re.compile(r"[?#]\S+")  # parts of a URL that may have a token of the session


class FormLogin:
    """Logs in with ``form``; ``signs`` learns where that redirects to."""

    def __init__(self, crawler: Crawler, form: LoginForm, signs: LoginSigns) -> None:
        self._crawler = crawler
        self._form = form
        self._signs = signs

    async def log_in(self) -> None:
        """Begin a session. Hidden inputs, such as a CSRF token, are read from the form each time.

        Raises LoginFailed if the form is not accepted, LoginDelayed if the site did not answer.
        """
        form = self._form
        page = await self._get(
            Request(form.url, NO_CALLBACK, meta={**LOGIN_META, NEW_SESSION: True})
        )
        self._signs.add_page(page.url)
        answer = await self._get(self._filled_in(page), refusals=_REFUSALS)
        where = _shown(answer.url)
        if form.success:
            if not (isinstance(answer, HtmlResponse) and answer.css(form.success)):
                raise LoginFailed(f"{where} has nothing that matches {form.success!r}")
        elif isinstance(answer, HtmlResponse) and self._is_asked_again(answer):
            raise LoginFailed(f"{where} asks for the password again; are the fields right?")

    async def _get(self, request: Request, *, refusals: frozenset[int] = frozenset()) -> Response:
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as exc:
            why = _TOKENS.sub("", detail_of(exc))
            raise LoginDelayed(f"{_shown(request.url)}: {why}") from exc
        where = _shown(response.url)
        if response.status in refusals:
            raise LoginFailed(
                f"{where} refused the form with HTTP status {response.status}; "
                "are the fields right?"
            )
        # If the form led to a page, such as one that was moved, its site has accepted it.
        if response.status >= 400 and not (refusals and _was_redirected(response)):
            raise LoginDelayed(f"{where} answered with HTTP status {response.status}")
        return response

    def _is_asked_again(self, answer: HtmlResponse) -> bool:
        if not _was_redirected(answer):
            return bool(answer.xpath(PASSWORD))
        # The page to which the form led may have one of its own, to change the password.
        return shows_form(answer, self._form)

    def _filled_in(self, page: Response) -> Request:
        """Return the request that the form on ``page`` makes."""
        from form2request import form2request  # noqa: PLC0415 - an extra

        form, where = self._form_on(page), _shown(page.url)
        names = names_in(form)
        for name, _ in self._form.fields:
            if name not in names:
                known = ", ".join(sorted(names))
                raise LoginFailed(f"the form on {where} has no field {name!r} (it has {known})")
        try:
            made = form2request(form, dict(self._form.fields))
        # The library raises the first for forms that it cannot send, such as multipart ones.
        except (NotImplementedError, ValueError) as exc:
            raise LoginFailed(f"the form on {where} cannot be sent: {exc}") from exc
        if made.method == "GET":
            raise LoginFailed(
                f"the form on {where} would show the password in a URL (its method is GET); "
                "log in with a browser and give its cookies: -a login=cookies.txt"
            )
        filled: Request = made.to_scrapy(callback=NO_CALLBACK, meta=dict(LOGIN_META))
        return filled

    def _form_on(self, page: Response) -> Any:
        selector = self._form.form
        forms: Any = forms_on(page, self._form) if isinstance(page, HtmlResponse) else []
        if len(forms) == 1:
            return forms[0]
        what = f"that match {selector!r}" if selector else "that ask for a password"
        raise LoginFailed(
            f"{_shown(page.url)} has {len(forms)} forms {what}; "
            'name the right one: form = "CSS SELECTOR"'
        )


def _was_redirected(response: Response) -> bool:
    return response.request is not None and "redirect_urls" in response.request.meta


def _shown(url: str) -> str:
    return _TOKENS.sub("", url)
