"""Servers that restart, refuse commands, or do not answer."""

from __future__ import annotations

import asyncio
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING

import pytest
from redis import Redis as Client
from redis import exceptions as redis_errors

from crawlproj.errors import FrontierError
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.redis.server import RedisServer
from tests.frontier.helpers import entry, put, run
from tests.servers import Proxy, Redis, free_port
from tests.waiting import PATIENCE_S, until_async

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_worker_waits_for_a_server_that_restarts(tmp_path: Path) -> None:
    server = Redis(tmp_path)
    server.start()
    worker = RedisFrontier(RedisConfig(server.url()))
    run(worker.open("job"))
    put(worker, entry(1))
    server.stop()

    async def put_meanwhile() -> int:
        waiting = asyncio.ensure_future(worker.write([entry(2)], []))
        await asyncio.to_thread(server.start)
        return (await waiting).new

    try:
        assert run(put_meanwhile()) == 1
        assert worker.take_news().forgotten, "a new server process may have lost writes"
        assert run(worker.totals()).pending == 2
    finally:
        run(worker.close())
        server.stop()


@pytest.mark.slow
def test_after_hurry_a_worker_gives_up_on_a_server_that_does_not_answer() -> None:
    worker = RedisFrontier(RedisConfig(f"redis://user:secret@127.0.0.1:{free_port()}/0"))

    async def hurry() -> None:
        opening = asyncio.ensure_future(worker.open("job"))
        await asyncio.sleep(0.1)
        worker.hurry()
        await opening

    with pytest.raises(FrontierError, match="does not answer") as raised:
        run(hurry())
    assert "secret" not in str(raised.value)


@pytest.mark.slow
def test_a_worker_follows_its_address_to_the_server_that_took_over(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with (
        Redis(tmp_path / "first") as first,
        Redis(tmp_path / "second") as second,
        Client.from_url(first.url()) as old,
        Client.from_url(second.url()) as new,
        Proxy(first.url()) as proxy,
    ):
        worker = RedisFrontier(RedisConfig(proxy.url()))
        run(worker.open("job"))
        old.config_set("repl-diskless-sync-delay", 0)
        new.replicaof("127.0.0.1", str(old.get_connection_kwargs()["port"]))
        put(worker, entry(1))
        old.set("mark", 1)  # WAIT is for the writes of its own connection
        assert old.wait(1, int(1000 * PATIENCE_S)) == 1
        new.replicaof("NO", "ONE")
        old.replicaof("127.0.0.1", str(new.get_connection_kwargs()["port"]))  # keeps its clients
        proxy.lead_to(second.url())
        assert run(asyncio.wait_for(worker.write([entry(2)], []), PATIENCE_S)).new == 1
        assert worker.take_news().forgotten, "a replica may lack the last writes"
        assert run(worker.totals()).pending == 2
        run(worker.close())


def test_a_wrong_password_is_reported_at_once(redis: RedisConfig) -> None:
    url = redis.url.replace("//", "//nobody:wrong@")
    with pytest.raises(FrontierError, match=r"refuses this user .*check user, password") as raised:
        run(RedisFrontier(RedisConfig(url)).open("job"))
    assert "wrong@" not in str(raised.value)


def test_a_refusal_while_a_connection_is_made_is_reported_at_once(redis: RedisConfig) -> None:
    async def command() -> None:
        raise redis_errors.ConnectionError("HELLO must …") from redis_errors.AuthenticationError()

    with pytest.raises(FrontierError, match="refuses this user"):
        run(RedisServer(redis, lambda: None).ask(command))


@pytest.mark.parametrize(
    "message",
    [
        "The user executing the script can't run this command or subcommand script: 49…",
        "ACL failure in script: No permissions to access a key script: 49…",
    ],
)
def test_a_command_of_a_script_that_the_user_may_not_run_is_a_refusal(
    redis: RedisConfig, message: str
) -> None:
    async def command() -> None:
        raise redis_errors.ResponseError(message)

    with pytest.raises(FrontierError, match=r"refuses this user .*ACL"):
        run(RedisServer(redis, lambda: None).ask(command))


def test_a_certificate_that_is_not_trusted_is_reported_at_once(redis: RedisConfig) -> None:
    async def command() -> None:
        try:
            raise SSLCertVerificationError(1, "self-signed certificate")
        except OSError as exc:
            raise redis_errors.ConnectionError(str(exc)) from None

    with pytest.raises(FrontierError, match="ssl_ca_certs"):
        run(RedisServer(redis, lambda: None).ask(command))


def test_a_user_without_dangerous_commands_can_crawl(redis: RedisConfig) -> None:
    rights = [f"+@{group}" for group in ("read", "write", "connection", "scripting", "transaction")]
    restarts: list[str] = []
    with Client.from_url(redis.url) as client:
        client.execute_command(
            *("ACL", "SETUSER", "careful", "on", ">secret", "~crawlproj:*", "resetchannels"),
            *(*rights, "+time", "-@dangerous", "-@admin"),
        )
        try:
            config = RedisConfig(redis.url.replace("//", "//careful:secret@"))
            worker = RedisFrontier(config)
            run(worker.open("job"))
            assert run(worker.write([entry(1)], [])).new == 1
            run(worker.close())
            server = RedisServer(config, lambda: restarts.append("restart"))
            run(two_connections(server))
        finally:
            client.execute_command("ACL", "DELUSER", "careful")
    assert restarts == ["restart"], "without INFO, another connection may reach another process"


async def two_connections(server: RedisServer) -> None:
    for _ in range(2):
        assert await server.ask(lambda: server.redis.get("crawlproj:nothing")) is None
        await server.close()


def test_a_worker_waits_for_missing_replicas_and_logs_it_once(
    redis: RedisConfig, caplog: pytest.LogCaptureFixture
) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("job"))

    async def put_meanwhile(client: Client) -> int:
        client.config_set("min-replicas-to-write", 1)
        waiting = asyncio.ensure_future(worker.write([entry(1)], []))
        await until_async(lambda: "waiting" in caplog.text)
        client.config_set("min-replicas-to-write", 0)
        return (await waiting).new

    with Client.from_url(redis.url) as client:
        try:
            assert run(put_meanwhile(client)) == 1
        finally:
            client.config_set("min-replicas-to-write", 0)
    (line,) = (text for text in caplog.messages if "waiting" in text)
    assert "NOREPLICAS" in line
    run(worker.close())


def test_an_outage_of_writes_alone_is_one_line_however_much_is_read_meanwhile(
    redis: RedisConfig, caplog: pytest.LogCaptureFixture
) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("job"))

    async def read_meanwhile(client: Client) -> int:
        client.config_set("min-replicas-to-write", 1)
        writing = asyncio.ensure_future(worker.write([entry(1)], []))
        await until_async(lambda: "for now" in caplog.text)
        for _ in range(10):
            await worker.notes(["a.test"])
        client.config_set("min-replicas-to-write", 0)
        return (await writing).new

    with Client.from_url(redis.url) as client:
        try:
            assert run(read_meanwhile(client)) == 1
        finally:
            client.config_set("min-replicas-to-write", 0)
    said = [text for text in caplog.messages if "for now" in text or "again" in text]
    assert ["for now" in line for line in said] == [True, False]
    run(worker.close())


def test_a_busy_server_is_waited_for_in_a_transaction_too(redis: RedisConfig) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("job"))
    busy = "local t = redis.call('TIME')[1] while redis.call('TIME')[1] - t < 2 do end"

    async def note_meanwhile(client: Client) -> None:
        client.config_set("busy-reply-threshold", 50)
        calculating = asyncio.create_task(asyncio.to_thread(client.eval, busy, 0))
        await asyncio.sleep(0.3)
        await worker.note({"a.test": "slow"})
        await calculating

    with Client.from_url(redis.url) as client:
        try:
            run(note_meanwhile(client))
        finally:
            client.config_set("busy-reply-threshold", 5000)
    assert run(worker.notes(["a.test"])) == {"a.test": "slow"}
    run(worker.close())


def test_a_connection_that_is_lost_once_is_no_news(
    redis: RedisConfig, caplog: pytest.LogCaptureFixture
) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("job"))
    with Client.from_url(redis.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert run(worker.write([entry(1)], [])).new == 1
    assert not caplog.messages
    run(worker.close())


def test_a_server_that_forgot_the_job_is_not_called_another_process(redis: RedisConfig) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("job"))
    with Client.from_url(redis.url) as client:
        client.flushdb()
    with pytest.raises(FrontierError, match=r"is forgotten.*begin anew.*appendonly"):
        run(worker.write([entry(1)], []))
    run(worker.close())


@pytest.mark.parametrize(
    "refusal",
    [
        redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        redis_errors.ReadOnlyError("You can't write against a read only replica."),
        redis_errors.MasterDownError("Link with MASTER is down and replica-serve-stale-data is no"),
        redis_errors.ClusterDownError("The cluster is down"),
        redis_errors.TryAgainError("Multiple keys request during rehashing of slot"),
        redis_errors.ResponseError(
            "Command # 1 (SET a b) of pipeline caused error: ('BUSY Redis is busy',)"
        ),
        redis_errors.ResponseError("NOREPLICAS Not enough good replicas to write."),
        redis_errors.ResponseError("MISCONF Errors writing to the AOF file: No space left"),
        redis_errors.ResponseError("BUSY Redis is busy running a script."),
    ],
)
def test_a_transient_error_is_waited_out(
    redis: RedisConfig, refusal: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    server = RedisServer(redis, lambda: None)
    refusals = [refusal]

    async def command() -> str:
        if refusals:
            raise refusals.pop()
        return "answer"

    assert run(server.ask(command)) == "answer"
    assert len([text for text in caplog.messages if "waiting" in text]) == 1
    run(server.close())


@pytest.mark.parametrize(
    ("error", "reported"),
    [
        (redis_errors.ResponseError("BUSYKEY Target key name already exists."), "BUSYKEY"),
        (redis_errors.MovedError("9643 127.0.0.1:7001"), "shards of a cluster .*single shard"),
        (redis_errors.ClusterCrossSlotError("Keys in request don't hash"), "shards of a cluster"),
        (
            redis_errors.ResponseError(
                "ERR Script attempted to access a non local key in a cluster node script: 49…"
            ),
            "shards of a cluster",
        ),
    ],
)
def test_a_permanent_error_is_raised_at_once(
    redis: RedisConfig, error: Exception, reported: str
) -> None:
    server = RedisServer(redis, lambda: None)

    async def command() -> str:
        raise error

    with pytest.raises(FrontierError, match=reported):
        run(server.ask(command))
    run(server.close())
