"""Where the server listens, and what it then demands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy.settings import Settings

from crawlproj.errors import ConfigError
from crawlproj.serve.config import Listening, ServeConfig, serve_port, serve_token

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef"


def listening(host: str = "127.0.0.1", token: str = "", **more: Any) -> Listening:
    return Listening.checked(host=host, port=8400, token=token, **more)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_on_loopback_nothing_more_is_needed(host: str) -> None:
    assert listening(host).token == ""
    assert listening(host, TOKEN).token == TOKEN


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "box.test", "127.0.0.1.test"])
def test_elsewhere_it_needs_tls_or_a_proxy_and_a_token(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tls-cert"):
        listening(host, TOKEN)
    for file in ("cert", "key"):
        (tmp_path / file).touch()
    with_tls = listening(host, certificate=tmp_path / "cert", key=tmp_path / "key")
    for made in (with_tls, listening(host, behind_proxy=True)):
        assert len(made.token) >= 32
        assert made.token_is_new
        assert f"?token={made.token}" in made.url(8400)
        assert made.token not in repr(made)
    given = listening(host, TOKEN, behind_proxy=True)
    assert (given.token, given.token_is_new) == (TOKEN, False)
    assert TOKEN not in given.url(8400)


def test_a_proxy_on_this_machine_lets_others_in_so_it_needs_a_token() -> None:
    assert listening(behind_proxy=True).token_is_new


def test_tls_needs_both_files_and_they_exist(tmp_path: Path) -> None:
    (tmp_path / "cert").touch()
    with pytest.raises(ConfigError, match="needs both files"):
        listening(certificate=tmp_path / "cert")
    with pytest.raises(ConfigError, match="key is not a file"):
        listening(certificate=tmp_path / "cert", key=tmp_path / "key")


def test_the_address_is_one_that_a_browser_opens() -> None:
    assert listening("::1").url(1) == "http://[::1]:1"


def test_the_token_comes_from_the_environment_first(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings({"SERVE_TOKEN": "of the settings"})
    monkeypatch.delenv("CRAWLPROJ_SERVE_TOKEN", raising=False)
    assert serve_token(settings) == "of the settings"
    monkeypatch.setenv("CRAWLPROJ_SERVE_TOKEN", TOKEN)
    assert serve_token(settings) == TOKEN


def test_settings_that_cannot_be_served_say_what_to_do() -> None:
    with pytest.raises(ConfigError, match="STORE_URL is empty"):
        ServeConfig.from_settings(Settings({"STORE_URL": ""}), Listening())
    with pytest.raises(ConfigError, match="SERVE_PORT must be at most 65535"):
        serve_port(Settings({"SERVE_PORT": 65536}))
    settings = Settings({"STORE_URL": "sqlite:///a.db", "SERVE_STORE_URL": "sqlite:///b.db"})
    assert ServeConfig.from_settings(settings, Listening()).store_url == "sqlite:///b.db"
