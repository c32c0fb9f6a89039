"""A crawl logs in with a form before its first page, and shows the session to its own sites."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.http.login import LoginForm, read_login
from crawlproj.spiders.arguments import ArgumentError, access_of
from tests.examples.shop import Shop
from tests.processes import scrapy

if TYPE_CHECKING:
    from pathlib import Path

FORM = """url = "{url}/login"
fields = {{user = "reader", password = "$SHOP_PASSWORD"}}
"""


def written(folder: Path, text: str) -> str:
    path = folder / "login.toml"
    path.write_text(text)
    return str(path)


def test_a_form_is_read_and_its_secrets_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "paper")
    text = FORM.format(url="http://a.example") + 'form = "#login"\nsuccess = "a.logout"\n'
    form = read_login(written(tmp_path, text))
    fields = (("user", "reader"), ("password", "paper"))
    assert form == LoginForm("http://a.example/login", fields, "#login", "a.logout")
    access = access_of("", "", str(tmp_path / "login.toml"))
    assert access.form == form
    assert access
    assert "paper" not in f"{access!r} {form!r}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('fields = {user = "a"}', "has no url"),
        ('url = "http://a.example/"', "has no table of texts"),
        ('url = "http://a.example/"\nfields = {user = 1}', "has no table of texts"),
        ('url = "ftp://a"\nfields = {u = "s3cret"}', "is not an http or https URL"),
        ('uri = "http://a.example/"', "did you mean url"),
        ('url = "http://a.example/"\nfields = {u = "$NO_SUCH"}', "NO_SUCH, for the field u"),
        ('url = "http://a.example/"\nfields = {u = "s3cret"}\nform = "a["', "not a CSS selector"),
        ("url = s3cret", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_form_is_named_without_its_secrets(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match=message) as raised:
        access_of("", "", written(tmp_path, text))
    assert "s3cret" not in str(raised.value)


def crawl(folder: Path, shop: Shop, password: str, *more: str) -> tuple[int, str]:
    place = f"sqlite:///{folder}/x.db"
    return scrapy(
        *("crawl", "site", "-a", f"url={shop.url}/account/orders", "-a", "scope=prefix"),
        *("-a", f"login={folder}/login.toml", "-s", "GUARD_ALLOW=127.0.0.0/8"),
        *("-s", f"STORE_URL={place}", "-s", f"FRONTIER_URL={place}", *more),
        env={"SHOP_PASSWORD": password},
    )


@pytest.mark.slow
def test_pages_behind_a_form_are_stored_and_the_session_is_not(tmp_path: Path) -> None:
    with Shop() as shop:
        written(tmp_path, FORM.format(url=shop.url))
        code, shown = crawl(tmp_path, shop, shop.password, "-s", f"WARC_DIR={tmp_path}/warc")
        assert code == 0, shown
        logins = [request for request in shop.requests if request == "POST /login"]
        assert len(logins) == 1
        session = next(iter(shop.sessions))
        with closing(sqlite3.connect(tmp_path / "x.db")) as db:
            pages = db.execute("SELECT url, text FROM pages ORDER BY url").fetchall()
    assert [url for url, _ in pages] == [
        f"{shop.url}/account/orders",
        f"{shop.url}/account/orders?page=2",
    ]
    assert "1001" in pages[0][1]
    for path in tmp_path.glob("x.db*"):
        assert session.encode() not in path.read_bytes()
        assert b"paper" not in path.read_bytes()
    (archive,) = (tmp_path / "warc").glob("*.warc.gz")
    archived = gzip.decompress(archive.read_bytes())
    assert b"/account/orders" in archived
    assert b"paper" not in archived


@pytest.mark.slow
@pytest.mark.parametrize(
    ("password", "more", "message"),
    [
        ("wrong", "", "asks for the password again"),
        ("paper", 'success = "a.logout"', "has nothing that matches 'a.logout'"),
        ("paper", 'form = "#other"', "has 0 forms that match '#other'"),
    ],
)
def test_a_login_that_fails_ends_the_crawl_and_its_urls_wait(
    password: str, more: str, message: str, tmp_path: Path
) -> None:
    with Shop() as shop:
        written(tmp_path, FORM.format(url=shop.url) + more)
        code, shown = crawl(tmp_path, shop, password)
        assert code == 1, shown
        assert f"The login failed: {shop.url}" in shown
        assert message in shown
        assert "Traceback" not in shown
        assert not [request for request in shop.requests if "orders" in request and not more]
        written(tmp_path, FORM.format(url=shop.url))
        code, shown = crawl(tmp_path, shop, shop.password)
        assert code == 0, shown
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        assert db.execute("SELECT count(*) FROM pages").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM failures").fetchone() == (0,)
