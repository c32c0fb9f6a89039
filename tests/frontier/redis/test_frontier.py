"""What only a shared frontier has: several workers, their sites, a server that comes and goes."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis as Client
from redis import exceptions as redis_errors
from redis.asyncio import SSLConnection

from crawlproj.errors import ConfigError, FrontierError
from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.frontier.redis.admin import RedisAdmin, jobs
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.redis.server import RedisServer
from crawlproj.frontier.url import frontier_from_url
from tests import ROOT
from tests.frontier.helpers import claim, entry, put, run
from tests.servers import Redis, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crawlproj.frontier.base import Lease
    from tests.frontier.helpers import Now

LEASE_S = 30.0
DOCS = ROOT / "docs/explanation/distributed.md"


@pytest.fixture
def hire(redis: RedisConfig, now: Now) -> Iterator[Callable[[], RedisFrontier]]:
    """Workers of one job."""
    hired: list[RedisFrontier] = []

    def new() -> RedisFrontier:
        worker = RedisFrontier(redis, now)
        run(worker.open("job"))
        hired.append(worker)
        return worker

    yield new
    for worker in hired:
        run(worker.close())


def sites_of(leases: list[Lease]) -> set[str]:
    return {lease.entry.site for lease in leases}


def several(count: int = 4, each: int = 3) -> list[Entry]:
    return [
        entry(10 * site + n, f"{site}.test", 0) for site in range(count) for n in range(1, each + 1)
    ]


def test_a_site_belongs_to_the_worker_that_claimed_of_it_first(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    put(one, *several(1, each=5))
    (first,) = claim(one, limit=1)
    assert claim(other) == []
    run(one.write([], [Ack(first.id, State.DONE)]))
    assert claim(other) == []
    assert len(claim(one)) == 4


def test_workers_that_come_at_the_same_time_share_the_sites(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    put(one, *several(4))
    assert len(sites_of(claim(one))) == 2
    assert len(sites_of(claim(other))) == 1, "half of what is left"


def test_all_workers_know_all_keys(hire: Callable[[], RedisFrontier]) -> None:
    one, other = hire(), hire()
    assert put(one, entry(-7)) == 1
    assert put(other, entry(-7)) == 0


def test_one_with_more_than_its_share_cedes_to_one_that_finds_nothing(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    one, other = hire(), hire()
    run(other.close())
    put(one, *several(4))
    assert len(sites_of(claim(one, limit=1))) == 1
    claim(one, limit=100, per_site=1)
    run(other.open("job"))
    assert claim(other) == []
    run(one.renew([], lease_s=LEASE_S))
    assert one.take_news().surplus == 2


def test_a_ceded_site_waits_its_time_and_then_is_the_others(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    one, other = hire(), hire()
    put(one, *several(1))
    (lease,) = claim(one, limit=1)
    assert run(one.spare(9)) == []
    assert claim(other) == []
    run(one.write([], [Ack(lease.id, State.PENDING, count_attempt=False)]))
    assert run(one.spare(9)) == ["0.test"]
    assert run(one.cede({"0.test": now.time + 5})) == {"0.test"}
    assert claim(one) == []
    assert claim(other) == []
    assert other.take_news().gained == {"0.test": now.time + 5}
    now.time += 5
    assert len(claim(other)) == 3


def test_a_lease_of_a_ceded_site_stays_its_workers_and_goes_back_to_the_new_one(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, heir = hire(), hire()
    put(one, *several(1))
    parsing, unsent = claim(one, limit=2)
    assert claim(heir) == []
    assert run(one.cede({"0.test": 0.0})) == {"0.test"}
    assert run(one.renew([parsing.id, unsent.id], lease_s=LEASE_S)) == set()
    assert len(claim(heir)) == 1
    done, back = Ack(parsing.id, State.DONE), Ack(unsent.id, State.PENDING, count_attempt=False)
    assert run(one.write([entry(9, "0.test", 0)], [done, back])).stale == 0
    assert claim(one) == []
    assert [lease.entry.key for lease in claim(heir)] == [unsent.entry.key, 9]


def test_a_site_that_comes_back_is_ceded_again_whatever_was_leased_before(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    put(one, *several(1))
    (old,) = claim(one, limit=1)
    claim(other)
    run(one.cede({"0.test": 0.0}))
    (lease,) = claim(other, limit=1)
    run(other.write([], [Ack(lease.id, State.PENDING, count_attempt=False)]))
    assert claim(one) == []
    assert run(other.cede({"0.test": 0.0})) == {"0.test"}
    assert len(claim(one, limit=1)) == 1
    run(one.write([], [Ack(old.id, State.DONE)]))
    assert claim(other) == []
    assert run(one.cede({"0.test": 0.0})) == {"0.test"}
    assert len(claim(other)) == 1


def test_nothing_is_ceded_when_nobody_wants_it(hire: Callable[[], RedisFrontier]) -> None:
    one, _ = hire(), hire()
    put(one, *several(1))
    (lease,) = claim(one, limit=1)
    run(one.write([], [Ack(lease.id, State.DONE)]))
    assert run(one.cede({"0.test": 0.0})) == set()


def test_a_new_site_is_no_gain_to_tell_of(hire: Callable[[], RedisFrontier]) -> None:
    worker = hire()
    put(worker, entry(1))
    claim(worker)
    assert worker.take_news().gained == {}


def test_a_rest_is_passed_on_to_the_next_worker(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    one, other = hire(), hire()
    put(one, *several(1))
    claim(one, limit=1)
    claim(one, resting={"0.test": now.time + 20})
    run(one.close())
    assert claim(other) == []
    now.time += 20
    assert len(claim(other)) == 3


def test_the_sites_of_a_dead_worker_are_taken_over_when_its_leases_expire(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    dead, heir = hire(), hire()
    put(dead, *several(1))
    claim(dead, limit=2)
    now.time += LEASE_S + 1
    assert claim(heir) == []
    assert run(heir.reap()) == 2
    leases = claim(heir)
    assert sorted(lease.attempts for lease in leases) == [0, 1, 1]
    assert heir.take_news().gained == {"0.test": None}, "nobody knows when it asked last"


def test_a_worker_known_to_be_dead_is_cleared_away_at_once(
    hire: Callable[[], RedisFrontier], redis: RedisConfig
) -> None:
    # On the server's clock, as the supervisor is.
    dead, heir = (RedisFrontier(redis) for _ in range(2))
    run(dead.open("job"))
    run(heir.open("job"))
    put(dead, *several(1))
    claim(dead)

    async def clear_away() -> int:
        admin = RedisAdmin(redis, "job")
        try:
            return await admin.give_up(dead.owner)
        finally:
            await admin.close()

    assert run(clear_away()) == 3
    assert len(claim(heir)) == 3
    run(dead.close())
    assert run(heir.totals()).leased == 3, "the dead one's own closing changes nothing"
    run(heir.close())


def test_one_that_was_taken_for_dead_works_on_as_a_new_worker(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    stalled, heir = hire(), hire()
    put(stalled, *several(1))
    (lease,) = claim(stalled, limit=1)
    now.time += LEASE_S + 1
    run(heir.reap())
    assert len(claim(heir)) == 3
    assert run(stalled.renew([lease.id], lease_s=LEASE_S)) == {lease.id}
    assert run(stalled.write([], [Ack(lease.id, State.FAILED, "timeout")])).stale == 1
    assert claim(stalled) == []
    put(stalled, entry(99, "new.test"))
    assert len(claim(stalled)) == 1


def test_closing_gives_back_only_ones_own(hire: Callable[[], RedisFrontier]) -> None:
    one, other = hire(), hire()
    put(one, *several(2))
    claim(one, limit=1)
    claim(other, limit=1)
    run(one.close())
    assert run(other.renew([], lease_s=LEASE_S)) == set()
    assert run(other.totals()).leased == 1


def test_a_reset_forgets_unless_others_are_at_work(
    hire: Callable[[], RedisFrontier], redis: RedisConfig, now: Now
) -> None:
    one, other = hire(), RedisFrontier(redis, now)
    put(one, *several(30, each=20))
    opened = run(other.open("job", reset=True))
    assert (opened.generation, opened.resumed) == (1, True)
    run(other.close())
    run(one.close())
    opened = run(other.open("job", reset=True))
    assert (opened.generation, opened.resumed) == (2, False)
    assert run(other.totals()).discovered == 0
    run(other.close())
    with Client.from_url(redis.url) as client:
        left = list(client.keys("*}:1:*"))
    assert left == [], "what was forgotten takes no memory"


def test_what_is_not_to_be_kept_goes_with_the_last_worker(redis: RedisConfig) -> None:
    one, other = (RedisFrontier(redis, keep=False) for _ in range(2))
    run(one.open("job"))
    run(other.open("job"))
    put(one, *several())
    run(one.close())
    assert put(other, *several()) == 0
    run(other.close())
    run(one.open("job"))
    assert run(one.totals()).discovered == 0
    run(one.close())


def test_a_worker_of_a_finished_generation_has_nothing_to_do(
    hire: Callable[[], RedisFrontier], redis: RedisConfig, now: Now
) -> None:
    one = hire()
    run(one.finish())
    late = RedisFrontier(redis, now, generation=1)
    assert run(late.open("job")).finished
    run(late.close())


def test_whoever_comes_first_begins_the_generation_that_all_were_told_to_join(
    redis: RedisConfig,
) -> None:
    one, other = (RedisFrontier(redis, generation=1) for _ in range(2))
    assert not run(one.open("job")).resumed
    assert run(other.open("job")).resumed
    run(one.finish())
    run(other.close())
    assert run(other.open("job")).finished
    for worker in (one, other):
        run(worker.close())


def test_a_generation_that_is_gone_is_told_and_nothing_is_written_to_it(
    hire: Callable[[], RedisFrontier], redis: RedisConfig, now: Now
) -> None:
    one = hire()
    run(one.finish())
    other = RedisFrontier(redis, now)
    assert run(other.open("job")).generation == 2
    with pytest.raises(FrontierError, match="generation 1 was reset"):
        put(one, entry(1))
    with pytest.raises(FrontierError, match="is at generation 2, not 1"):
        run(RedisFrontier(redis, now, generation=1).open("job"))
    run(other.close())


def test_what_is_put_after_the_end_makes_the_generation_unfinished(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    run(one.finish())
    put(other, entry(1))
    run(other.close())
    run(one.close())
    assert run(one.open("job")).resumed


def test_fifty_thousand_keys_are_each_known_once_and_stay_integers(
    hire: Callable[[], RedisFrontier], redis: RedisConfig
) -> None:
    worker = hire()
    step = (2**64 - 1) // 50_000
    keys = [-(2**63) + n * step for n in range(50_000)]
    for at in range(0, len(keys), 5000):
        batch = [entry(key, "big.test") for key in keys[at : at + 5000]]
        assert put(worker, *batch) == len(batch)
        assert put(worker, *batch) == 0
    assert put(worker, *(entry(key, "big.test") for key in keys[:5000])) == 0
    with Client.from_url(redis.url) as client:
        buckets = client.keys("*:seen:*")
        assert {client.object("encoding", bucket) for bucket in buckets} == {b"intset"}
        assert sum(client.scard(bucket) for bucket in buckets) == len(keys)


def test_the_admin_sees_what_the_workers_do(
    hire: Callable[[], RedisFrontier], redis: RedisConfig
) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("a {job}"))
    put(worker, *several(2))
    (lease,) = claim(worker, limit=1)

    async def look() -> None:
        admin = RedisAdmin(redis, "a {job}")
        try:
            assert await admin.generation() == 1
            assert (await admin.totals()).leased == 1
            assert {site: t.discovered for site, t in (await admin.sites()).items()} == {
                "0.test": 3,
                "1.test": 3,
            }
            assert not await admin.finished()
            assert await admin.fail(lease.id, "killed-worker")
            assert not await admin.fail(lease.id, "killed-worker")
            assert (await admin.totals()).failed == {"killed-worker": 1}
            assert await jobs(redis) == ["a {job}"]
        finally:
            await admin.close()

    run(look())
    run(worker.close())


def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
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
        assert worker.take_news().forgotten, "it is another process, which may have lost something"
        assert run(worker.totals()).pending == 2
    finally:
        run(worker.close())
        server.stop()


def test_who_is_in_a_hurry_does_not_wait_for_ever() -> None:
    worker = RedisFrontier(RedisConfig(f"redis://user:secret@127.0.0.1:{free_port()}/0"))

    async def hurry() -> None:
        opening = asyncio.ensure_future(worker.open("job"))
        await asyncio.sleep(0.1)
        worker.hurry()
        await opening

    with pytest.raises(FrontierError, match="does not answer") as raised:
        run(hurry())
    assert "secret" not in str(raised.value)


def test_a_wrong_password_is_told_at_once(redis: RedisConfig) -> None:
    url = redis.url.replace("//", "//nobody:wrong@")
    with pytest.raises(FrontierError, match=r"refuses this user .*check user, password") as raised:
        run(RedisFrontier(RedisConfig(url)).open("job"))
    assert "wrong@" not in str(raised.value)


@pytest.mark.parametrize("url", ["redis://host:port/0", "redis://h/0?nonsense=1"])
def test_a_malformed_url_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigError, match="is no Redis URL"):
        frontier_from_url(url)


def test_a_user_with_the_rights_of_the_docs_can_do_all_of_it(redis: RedisConfig) -> None:
    rights = re.search(r"ACL user needs `([^`]+)`", DOCS.read_text())
    assert rights is not None
    with Client.from_url(redis.url) as client:
        client.execute_command("ACL", "SETUSER", "crawler", "on", ">a:word", *rights[1].split())
    worker = RedisFrontier(RedisConfig(redis.url.replace("//", "//crawler:a%3Aword@")))
    run(worker.open("job"))
    put(worker, *several())
    (lease,) = claim(worker, limit=1)
    run(worker.write([], [Ack(lease.id, State.DONE)]))
    run(worker.note({"0.test": "noted"}))
    assert run(worker.notes()) == {"0.test": "noted"}
    assert run(worker.skip_pending("max-pages")) == 11
    assert len(run(worker.sites())) == 4
    run(worker.finish())
    assert run(worker.open("job")).generation == 2
    run(worker.close())


def test_tls_and_sockets_are_named_by_the_scheme() -> None:
    tls = RedisConfig("rediss://h/0", {"ssl_ca_certs": "ca.pem"}).client()
    assert tls.connection_pool.connection_class is SSLConnection
    socket = RedisConfig("unix:///run/redis.sock?db=2").client()
    assert socket.connection_pool.connection_kwargs["path"] == "/run/redis.sock"


class Lossy:
    """Loses the answers to claims, ``left`` of them, and notes what was sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        self.sent: list[tuple[str, tuple[Any, ...]]] = []
        evaluate = RedisServer.evaluate

        async def lossy(server: RedisServer, script: str, *args: Any) -> Any:
            self.sent.append((script, args))
            answer = await evaluate(server, script, *args)
            if script == "claim" and self.left:
                self.left -= 1
                raise ConnectionError("cut")
            return answer

        monkeypatch.setattr(RedisServer, "evaluate", lossy)


@pytest.fixture
def lossy(monkeypatch: pytest.MonkeyPatch) -> Lossy:
    return Lossy(monkeypatch)


def test_a_claim_whose_answer_got_lost_loses_nothing(
    hire: Callable[[], RedisFrontier], lossy: Lossy
) -> None:
    worker = hire()
    put(worker, *several(2, each=5))
    lossy.left = 1
    first = claim(worker, limit=4)
    rest = claim(worker)
    assert not lossy.left
    assert len({lease.entry.key for lease in [*first, *rest]}) == 10
    assert {lease.attempts for lease in [*first, *rest]} == {0}
    acks = [Ack(lease.id, State.DONE) for lease in [*first, *rest]]
    assert run(worker.write([], acks)).stale == 0
    assert run(worker.totals()).done == 10


def test_what_a_claim_sends_does_not_grow_with_the_answers_that_got_lost(
    hire: Callable[[], RedisFrontier], lossy: Lossy
) -> None:
    worker = hire()
    put(worker, *several(1, each=8))
    lossy.left = 4
    lossy.sent.clear()
    leases = claim(worker, limit=3)
    assert [script for script, _ in lossy.sent] == ["claim"] * 5
    assert len({len(args) for _, args in lossy.sent}) == 1
    assert [lease.entry.key for lease in leases] == [1, 2, 3], "in their order again"
    assert (run(worker.totals()).leased, run(worker.totals()).pending) == (3, 5)


def test_a_claim_that_arrives_after_the_one_that_was_sent_in_its_place_leases_nothing(
    hire: Callable[[], RedisFrontier], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = hire()
    put(worker, *several(1, each=8))
    evaluate = RedisServer.evaluate
    late: list[Any] = []

    async def hold_the_first(server: RedisServer, script: str, *args: Any) -> Any:
        if script == "claim" and not late:
            late.append(evaluate(server, script, *args))
            raise ConnectionError("cut")
        return await evaluate(server, script, *args)

    monkeypatch.setattr(RedisServer, "evaluate", hold_the_first)
    leases = claim(worker, limit=3)
    found, *_ = run(late[0])
    assert found == []
    assert run(worker.renew([lease.id for lease in leases], lease_s=LEASE_S)) == set()
    assert run(worker.totals()).leased == 3


def test_leases_are_heard_of_when_the_claim_that_follows_gets_lost(
    hire: Callable[[], RedisFrontier], lossy: Lossy
) -> None:
    worker = hire()
    put(worker, *several(1, each=8))
    first = claim(worker, limit=3)
    lossy.left = 2
    rest = claim(worker)
    assert [lease.entry.key for lease in [*first, *rest]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert run(worker.renew([lease.id for lease in first], lease_s=LEASE_S)) == set()


def test_a_ceded_site_is_told_of_until_its_new_worker_has_heard_and_then_no_more(
    hire: Callable[[], RedisFrontier], now: Now, lossy: Lossy
) -> None:
    one, heir = hire(), hire()
    put(one, *several(1))
    (lease,) = claim(one, limit=1)
    assert claim(heir) == []
    run(one.write([], [Ack(lease.id, State.PENDING, count_attempt=False)]))
    assert run(one.cede({"0.test": now.time + 5})) == {"0.test"}
    lossy.left = 2
    claim(heir)
    assert heir.take_news().gained == {"0.test": now.time + 5}
    claim(heir)
    assert heir.take_news().gained == {}


def test_a_dead_workers_site_is_told_of_until_its_new_worker_has_heard_and_then_no_more(
    hire: Callable[[], RedisFrontier], now: Now, lossy: Lossy
) -> None:
    dead, heir = hire(), hire()
    put(dead, *several(1))
    claim(dead, limit=2)
    now.time += LEASE_S + 1
    run(heir.reap())
    lossy.left = 2
    assert len(claim(heir)) == 3
    assert heir.take_news().gained == {"0.test": None}
    claim(heir)
    assert heir.take_news().gained == {}


def test_the_numbers_of_leases_begin_anew_and_stay_the_workers(
    hire: Callable[[], RedisFrontier],
) -> None:
    worker = hire()
    worker._number = worker._heard = 2**32 - 2
    put(worker, *several(1, each=5))
    leases = claim(worker)
    assert {lease.id >> 32 for lease in leases} == {worker.owner}
    assert run(worker.renew([lease.id for lease in leases], lease_s=LEASE_S)) == set()
    acks = [Ack(lease.id, State.DONE) for lease in leases]
    assert run(worker.write([], acks)).stale == 0


def test_claims_that_find_nothing_use_up_a_number_each(hire: Callable[[], RedisFrontier]) -> None:
    worker = hire()
    for _ in range(10):
        assert claim(worker) == []
    put(worker, entry(1))
    (lease,) = claim(worker)
    assert lease.id & 0xFFFFFFFF == 10


# A server that does not take what is written for the moment


def test_a_server_with_too_few_replicas_is_waited_for_with_one_line(
    redis: RedisConfig, caplog: pytest.LogCaptureFixture
) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("job"))

    async def put_meanwhile(client: Client) -> int:
        client.config_set("min-replicas-to-write", 1)
        waiting = asyncio.ensure_future(worker.write([entry(1)], []))
        await asyncio.sleep(0.3)
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


@pytest.mark.parametrize(
    "refusal",
    [
        redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        redis_errors.ReadOnlyError("You can't write against a read only replica."),
        redis_errors.BusyLoadingError("Redis is loading the dataset in memory"),
        redis_errors.ResponseError("NOREPLICAS Not enough good replicas to write."),
        redis_errors.ResponseError("MISCONF Errors writing to the AOF file: No space left"),
        redis_errors.ResponseError("BUSY Redis is busy running a script."),
    ],
)
def test_what_passes_is_waited_for(
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


def test_what_does_not_pass_is_no_reason_to_wait(redis: RedisConfig) -> None:
    server = RedisServer(redis, lambda: None)

    async def command() -> str:
        raise redis_errors.ResponseError("BUSYKEY Target key name already exists.")

    with pytest.raises(FrontierError, match="BUSYKEY"):
        run(server.ask(command))
    run(server.close())
