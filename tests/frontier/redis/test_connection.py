"""Connection settings: they mean the same as in scrapy-redis."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import SSLConnection
from scrapy.settings import Settings
from scrapy_redis.connection import from_settings

from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.url import frontier_from_url

WHERE = ("host", "port", "db", "username", "password")


def ours(**settings: Any) -> dict[str, Any]:
    pool = RedisConfig.from_settings(Settings(settings)).client().connection_pool
    return {name: pool.connection_kwargs.get(name) for name in WHERE}


def theirs(**settings: Any) -> dict[str, Any]:
    at = from_settings(Settings(settings)).connection_pool.connection_kwargs
    return {name: at.get(name) for name in WHERE}


@pytest.mark.parametrize(
    "settings",
    [
        {"REDIS_URL": "redis://user:secret@a.test:9001/42"},
        {"REDIS_URL": "rediss://a.test:9001/1"},
        {"REDIS_HOST": "a.test", "REDIS_PORT": 9001, "REDIS_DB": 3},
        {"REDIS_HOST": "b.test", "REDIS_PORT": 1, "REDIS_URL": "redis://a.test:9001/42"},
        {"REDIS_HOST": "a.test", "REDIS_PORT": 9001, "REDIS_URL": None},
        {"REDIS_PARAMS": {"host": "a.test", "port": 9001}},
        {"REDIS_URL": "redis://a.test:9001/1", "REDIS_PARAMS": {"password": "secret"}},
    ],
)
def test_the_settings_name_the_same_server_as_in_scrapy_redis(settings: dict[str, Any]) -> None:
    # Without the values that no setting gives, for which each client has its own default.
    given = {name: value for name, value in ours(**settings).items() if value}
    assert given == {name: value for name, value in theirs(**settings).items() if value}


def test_the_default_server_is_on_this_machine() -> None:
    assert (ours()["host"], ours()["port"]) == ("127.0.0.1", 6379)
    assert theirs()["port"] == 6379


@pytest.mark.parametrize("name", ["redis_cls", "retry", "connection_class"])
def test_parameters_that_are_code_are_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=f"REDIS_PARAMS has '{name}', which is not supported"):
        ours(REDIS_PARAMS={name: "builtins.print"})


def test_the_parameters_that_scrapy_redis_sets_by_default_are_accepted() -> None:
    defaults = {"encoding": "utf-8", "retry_on_timeout": True, "socket_timeout": 30}
    assert ours(REDIS_PARAMS=defaults)["port"] == 6379


@pytest.mark.parametrize("url", ["redis://host:port/0", "redis://h/0?nonsense=1", "redis:/h/0"])
def test_a_malformed_url_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigError, match="is not a Redis URL"):
        frontier_from_url(url)


def test_the_scheme_selects_tls_or_a_socket() -> None:
    tls = RedisConfig("rediss://h/0", {"ssl_ca_certs": "ca.pem"}).client()
    assert tls.connection_pool.connection_class is SSLConnection
    socket = RedisConfig("unix:///run/redis.sock?db=2").client()
    assert socket.connection_pool.connection_kwargs["path"] == "/run/redis.sock"
