"""Servers that are set up to forget what they have acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis import Redis as Client

from crawlproj.frontier.redis.frontier import RedisFrontier
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from crawlproj.frontier.redis.connection import RedisConfig


def open_and_close(redis: RedisConfig) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("job"))
    run(worker.close())


@pytest.mark.parametrize(
    ("policy", "is_named"), [("allkeys-lru", True), ("noeviction", False), ("volatile-lru", False)]
)
def test_a_server_that_deletes_urls_when_it_is_full_is_warned_of(
    redis: RedisConfig, policy: str, caplog: pytest.LogCaptureFixture, *, is_named: bool
) -> None:
    with Client.from_url(redis.url) as client:
        before = client.config_get("maxmemory-policy")["maxmemory-policy"]
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", "1gb")
        try:
            open_and_close(redis)
        finally:
            client.config_set("maxmemory", 0)
            client.config_set("maxmemory-policy", before)
    assert ("noeviction" in caplog.text) is is_named
    assert caplog.text.count("deletes keys") == is_named


def test_a_server_without_an_append_only_file_is_warned_of(
    redis: RedisConfig, caplog: pytest.LogCaptureFixture
) -> None:
    with Client.from_url(redis.url) as client:
        client.config_set("appendonly", "no")
        try:
            open_and_close(redis)
        finally:
            client.config_set("appendonly", "yes")
    (line,) = (text for text in caplog.messages if "append-only" in text)
    assert "set appendonly to yes" in line


def test_a_server_that_keeps_everything_is_no_news(
    redis: RedisConfig, caplog: pytest.LogCaptureFixture
) -> None:
    open_and_close(redis)
    assert not caplog.messages
