"""Answers that ask for a login, and answers that only look like it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from crawlproj.downloadermiddlewares.login_signs import LoginSigns, Sign
from crawlproj.http.login import LoginForm

PAGE = "http://a.example/page"
FORM = LoginForm("http://a.example/enter", (("user", "me"), ("pass", "s3cret")))
INPUTS = '<input name="user"><input name="pass" type="password"><input type="hidden" name="t">'
NONE, VAGUE, WEAK, STRONG = Sign.NONE, Sign.VAGUE, Sign.WEAK, Sign.STRONG


def of_head(
    status: int, location: str = "", form: LoginForm | None = FORM, url: str = PAGE
) -> Sign:
    headers = {"Location": location} if location else {}
    return LoginSigns(form).of_head(Request(url), Response(url, status, headers))


def of_body(body: str, form: LoginForm | None = FORM, url: str = PAGE) -> Sign:
    return LoginSigns(form).of_body(Request(url), HtmlResponse(url, body=body, encoding="utf-8"))


@pytest.mark.parametrize(
    ("status", "location", "with_form", "without"),
    [
        (200, "", NONE, NONE),
        (401, "", STRONG, WEAK),
        (403, "", WEAK, WEAK),
        (404, "", NONE, NONE),
        (302, "/enter?next=/page", STRONG, NONE),
        (302, "http://A.example/enter", STRONG, NONE),
        (302, "/other", NONE, NONE),
        (303, "/users/sign_in", WEAK, WEAK),
        (302, "https://id.example/oauth2/authorize?client=1", WEAK, WEAK),
        (307, "/wp-login.php", WEAK, WEAK),
        (302, "/accounts/login/", WEAK, WEAK),
        (302, "/blog/logging", NONE, NONE),
        (302, "/blogin", NONE, NONE),
        (302, "/author/me", NONE, NONE),
        (302, "mailto:me", NONE, NONE),
        (302, "/", VAGUE, VAGUE),
        (301, "https://a.example", VAGUE, VAGUE),
        (302, "http://other.example/", NONE, NONE),
        (302, "/?page=2", NONE, NONE),
    ],
)
def test_statuses_and_redirects_ask_for_a_login(
    status: int, location: str, with_form: Sign, without: Sign
) -> None:
    assert of_head(status, location) is with_form
    assert of_head(status, location, None) is without


@pytest.mark.parametrize(
    ("body", "with_form", "without"),
    [
        (f"<form>{INPUTS}</form>", STRONG, WEAK),
        (f"<form>{INPUTS.replace('password', 'PassWord')}</form>", STRONG, WEAK),
        ('<form><input name="new" type=password></form>', WEAK, WEAK),
        ("<p>I forgot my password", NONE, NONE),
        ("<p>&lt;input type=password>", NONE, NONE),
        ('<meta http-equiv="refresh" content="0; url=/enter">', STRONG, NONE),
        ('<meta http-equiv="refresh" content="0; url=/login">', WEAK, WEAK),
        ('<meta http-equiv="refresh" content="900; url=/enter">', NONE, NONE),
        ('<meta http-equiv="refresh" content="5; url=/other">', NONE, NONE),
    ],
)
def test_forms_and_refreshes_ask_for_a_login(body: str, with_form: Sign, without: Sign) -> None:
    assert of_body(body) is with_form
    assert of_body(body, None) is without


def test_the_page_of_the_login_asks_for_none_although_it_has_the_form() -> None:
    assert of_body(f"<form>{INPUTS}</form>", url=f"{FORM.url}?next=/page") is NONE
    assert of_head(302, "/enter/", url="http://a.example/login") is NONE
    signs = LoginSigns(FORM)
    signs.add_page("http://id.example/form?state=1")
    assert signs.of_url("http://id.example/form?state=2") is STRONG


def test_content_that_only_members_see_outweighs_a_form() -> None:
    form = replace(FORM, success="a.logout")
    assert of_body(f"<form>{INPUTS}</form>", form) is STRONG
    assert of_body(f'<a class="logout">out</a><form>{INPUTS}</form>', form) is NONE


def test_a_form_is_recognized_by_its_selector_and_its_fields() -> None:
    form = replace(FORM, form="#enter")
    assert of_body(f'<form id="enter">{INPUTS}</form>', form) is STRONG
    assert of_body(f'<form id="other">{INPUTS}</form>', form) is WEAK
    assert of_body('<form id="enter"><input name="user"></form>', form) is NONE


def test_a_page_without_what_members_see_may_mean_that_the_session_has_ended() -> None:
    signs = LoginSigns(replace(FORM, success="a.logout"))
    inside, outside = "<a class=logout>", "<p>Hello"

    def sign(body: str) -> Sign:
        page = HtmlResponse(PAGE, body=body, encoding="utf-8")
        return signs.of_body(Request(PAGE), page)

    assert sign(outside) is NONE  # no page has shown yet that the selector finds anything
    assert (sign(inside), sign(outside)) == (NONE, VAGUE)
    for _ in range(5):
        signs.note_own(VAGUE)
    assert sign(outside) is NONE
    signs.note_login()
    assert sign(outside) is VAGUE


def test_the_home_page_does_not_lead_to_itself() -> None:
    assert of_head(301, "https://a.example/", url="http://a.example/") is NONE
