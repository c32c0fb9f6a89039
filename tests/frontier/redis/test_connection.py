"""The settings that say where Redis is mean what they mean to scrapy-redis."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy.settings import Settings
from scrapy_redis.connection import from_settings

from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.connection import RedisConfig

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
def test_it_is_the_same_server_for_both(settings: dict[str, Any]) -> None:
    # What neither is told is what each client has by default.
    told = {name: value for name, value in ours(**settings).items() if value}
    assert told == {name: value for name, value in theirs(**settings).items() if value}


def test_without_any_it_is_this_machine() -> None:
    assert (ours()["host"], ours()["port"]) == ("127.0.0.1", 6379)
    assert theirs()["port"] == 6379


@pytest.mark.parametrize("name", ["redis_cls", "retry", "connection_class"])
def test_parameters_that_are_code_are_refused_and_named(name: str) -> None:
    with pytest.raises(ConfigError, match=f"REDIS_PARAMS has '{name}', which is not supported"):
        ours(REDIS_PARAMS={name: "builtins.print"})


def test_their_own_defaults_are_no_error() -> None:
    defaults = {"encoding": "utf-8", "retry_on_timeout": True, "socket_timeout": 30}
    assert ours(REDIS_PARAMS=defaults)["port"] == 6379
