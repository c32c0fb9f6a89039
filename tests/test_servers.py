"""The proxy in tests/servers.py behaves as the tests that use it assume."""

from __future__ import annotations

import threading
import time

import pytest
import redis

from tests.servers import Proxy, Redis
from tests.waiting import PATIENCE_S


def client(proxy: Proxy) -> redis.Redis:
    return redis.Redis.from_url(proxy.url(), socket_timeout=PATIENCE_S, retry=None)


def test_the_delay_applies_in_each_direction_without_limiting_throughput(server: Redis) -> None:
    with Proxy(server.url(), delay_s=0.05) as proxy, client(proxy) as through:
        through.ping()
        began = time.monotonic()
        through.ping()
        assert time.monotonic() - began >= 0.1
        pipeline = through.pipeline(transaction=False)
        for _ in range(2000):
            pipeline.echo("x" * 1000)
        began = time.monotonic()
        assert len(pipeline.execute()) == 2000
        assert time.monotonic() - began < 100  # one after the other, they would take 200 s


def test_cutting_a_connection_raises_an_error_and_the_next_connection_works(server: Redis) -> None:
    with Proxy(server.url()) as proxy, client(proxy) as through:
        through.ping()
        assert proxy.connections() == 1
        threading.Timer(0.1, proxy.cut).start()
        with pytest.raises(redis.ConnectionError):
            through.blpop(["nothing"], 5)
        assert through.ping()


def test_new_connections_are_refused_until_the_proxy_accepts_again(server: Redis) -> None:
    with Proxy(server.url()) as proxy, client(proxy) as old, client(proxy) as new:
        old.ping()
        proxy.refuse()
        assert old.ping()
        with pytest.raises(redis.ConnectionError):
            new.ping()
        proxy.accept()
        assert new.ping()


def test_the_command_of_a_swallowed_answer_has_run(server: Redis) -> None:
    with Proxy(server.url()) as proxy, client(proxy) as through:
        through.set("counted", 0)
        proxy.swallow()
        with pytest.raises(redis.ConnectionError):
            through.incr("counted")
        assert proxy.swallowed()
        assert through.get("counted") == b"1"


def test_an_unreachable_server_ends_the_connection(server: Redis) -> None:
    with Proxy("redis://127.0.0.1:9/0") as proxy, client(proxy) as through:
        with pytest.raises(redis.ConnectionError):
            through.ping()
        assert proxy.connections() == 0


def test_the_proxy_closes_while_commands_and_answers_are_delayed(server: Redis) -> None:
    with (
        Proxy(server.url()) as proxy,
        client(proxy) as through,
        through.pubsub() as listener,
        redis.Redis.from_url(server.url()) as direct,
    ):
        listener.subscribe("news")
        listener.get_message(timeout=PATIENCE_S)
        proxy.delay_s = 10 * PATIENCE_S
        listener.ping()
        direct.publish("news", "late")
        direct.ping()
