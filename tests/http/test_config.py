from __future__ import annotations

from typing import Any

import pytest
from scrapy.settings import Settings

from crawlproj.errors import AddressRefused, ConfigError
from crawlproj.http.config import HttpConfig, bind_address


def read(**settings: Any) -> HttpConfig:
    return HttpConfig.from_settings(Settings(settings))


def test_the_defaults_are_scrapys_with_the_guard_on() -> None:
    config = read()
    assert (config.max_connections, config.timeout_s) == (16, 180.0)
    assert (config.max_body_bytes, config.warn_body_bytes) == (1024**3, 32 * 1024**2)
    assert (config.dns_timeout_s, config.dns_cache_size) == (60.0, 10_000)
    assert config.guard is not None
    with pytest.raises(AddressRefused):
        config.guard.check("127.0.0.1")


def test_strings_from_the_command_line_are_converted() -> None:
    config = read(GUARD_ALLOW="127.0.0.0/8, ::1", CONCURRENT_REQUESTS="32", DOWNLOAD_TIMEOUT="2.5")
    assert (config.max_connections, config.timeout_s) == (32, 2.5)
    assert config.guard is not None
    config.guard.check("127.0.0.1")
    config.guard.check("::1")


def test_no_limit_of_requests_means_as_many_as_queues_and_open_files_have_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crawlproj.config.requests_allowed", lambda: 30_000)
    assert read(CONCURRENT_REQUESTS=0).max_connections == 1024
    assert read(CONCURRENT_REQUESTS=2000).max_connections == 2000
    monkeypatch.setattr("crawlproj.config.requests_allowed", lambda: 112)
    assert read(CONCURRENT_REQUESTS="0").max_connections == 112


def test_no_timeout_is_that_of_scrapy() -> None:
    assert read(DOWNLOAD_TIMEOUT=0).timeout_s == read(DOWNLOAD_TIMEOUT="0").timeout_s == 180.0


def test_the_guard_and_the_dns_cache_can_be_turned_off() -> None:
    config = read(GUARD_ENABLED=False, DNSCACHE_ENABLED=False)
    assert config.guard is None
    assert config.dns_cache_size == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCURRENT_REQUESTS", -1),
        ("CONCURRENT_REQUESTS", "many"),
        ("DOWNLOAD_TIMEOUT", -1),
        ("DOWNLOAD_TIMEOUT", "soon"),
        ("DOWNLOAD_TIMEOUT", "nan"),
        ("DOWNLOAD_MAXSIZE", -1),
        ("DOWNLOAD_WARNSIZE", [1]),
        ("DOWNLOAD_FAIL_ON_DATALOSS", "perhaps"),
        ("DOWNLOAD_BIND_ADDRESS", 7),
        ("DOWNLOAD_BIND_ADDRESS", ("127.0.0.1", "http")),
        ("HTTP_KEEPALIVE_TIMEOUT", -3),
        ("DNS_TIMEOUT", "long"),
        ("DNSCACHE_ENABLED", "maybe"),
        ("DNSCACHE_SIZE", "big"),
        ("DNSCACHE_TTL", 0),
        ("DNS_THREADS", 0),
        ("GUARD_ENABLED", "no way"),
        ("GUARD_ALLOW", ["127.0.0.1/8"]),
        ("GUARD_ALLOW", 127),
    ],
)
def test_the_error_names_the_wrong_setting(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        read(**{name: value})


def test_a_bind_address_may_be_a_host_or_a_pair() -> None:
    assert bind_address("127.0.0.2", "X") == ("127.0.0.2", 0)
    assert bind_address(("127.0.0.2", 99), "X") == ("127.0.0.2", 99)
    assert bind_address(None, "X") is bind_address("", "X") is None
