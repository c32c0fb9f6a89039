"""Queues that scrapy-redis wrote, moved over: as data, once, and with nothing lost."""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from scrapy import FormRequest, Request
from scrapy.http import JsonRequest
from scrapy_redis.queue import FifoQueue, LifoQueue, PriorityQueue

from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.status import read_status
from crawlproj.scheduling.serialize import key_of_url, request_of
from crawlproj.scrapy_redis.migration import Entries
from crawlproj.scrapy_redis.queue import Refused, decode
from tests import ROOT
from tests.frontier.helpers import claim, run
from tests.redis_spiders import Following, Plain

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis as Client

    from crawlproj.frontier.base import Entry
    from crawlproj.frontier.redis.connection import RedisConfig

QUEUE, SEEN = "plain:requests", "plain:dupefilter"


class Json:
    """A serializer as scrapy-redis takes it."""

    @staticmethod
    def dumps(stored: dict[str, Any]) -> str:
        stored["headers"] = {
            name.decode(): [value.decode() for value in values]
            for name, values in stored["headers"].items()
        }
        stored["body"] = stored["body"].decode()
        return json.dumps(stored)

    loads = staticmethod(json.loads)


SPIDER = Plain()
exploded: list[str] = []


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return explode, ()


def explode() -> None:
    exploded.append("it went off")


def entry_of(payload: bytes, priority: int | None = None, *, trust: bool = False) -> Entry:
    entries = Entries(SPIDER, trust_pickle=trust, by_domain=False)
    return entries.of_request(payload, priority)


def migrate(redis: RedisConfig, *arguments: str, frontier: str = "") -> tuple[int, str]:
    """Run the command for the spider ``plain``; returns its exit status and what it printed."""
    settings = {
        "REDIS_URL": redis.url,
        "FRONTIER_URL": frontier or redis.url,
        "SPIDER_MODULES": "tests.redis_spiders",
    }
    options = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    finished = subprocess.run(
        [sys.executable, "-m", "crawlproj.scrapy_redis.migrate", "plain", *options, *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return finished.returncode, finished.stdout + finished.stderr


def waiting(redis: RedisConfig, job: str = "plain") -> list[tuple[str, int]]:
    """What the job has pending, in its order: URLs and priorities."""
    frontier = RedisFrontier(redis)
    run(frontier.open(job))
    leases = claim(frontier, 2000, per_site=2000)
    run(frontier.close())
    return [(lease.entry.url, lease.entry.priority) for lease in leases]


def url(number: int) -> str:
    return f"http://a.test/{number}"


# What is queued


@pytest.mark.parametrize("serializer", [pickle, Json])
@pytest.mark.parametrize(
    "queued",
    [
        Request(url(1), headers={"A": ["1", "2"]}, cookies={"c": "d"}, flags=["f"], priority=-3),
        Request(url(1), callback=SPIDER.parse, cb_kwargs={"n": [1, None]}, meta={"depth": 2}),
        FormRequest(url(1), formdata={"a": "é"}, dont_filter=True, encoding="latin-1"),
        JsonRequest(url(1), data={"a": 1}),
    ],
)
def test_a_request_is_the_same_after_it_was_moved(serializer: Any, queued: Request) -> None:
    payload = serializer.dumps(queued.to_dict(spider=SPIDER))
    entry = entry_of(payload.encode() if isinstance(payload, str) else payload)
    wanted = queued.to_dict(spider=SPIDER)
    for of_its_class in ("_class", "dumps_kwargs"):
        wanted.pop(of_its_class, None)
    assert request_of(entry, SPIDER).to_dict(spider=SPIDER) == wanted


def test_bytes_and_tuples_in_meta_stay_what_they_are() -> None:
    meta = {"a": (1, b"2", [None, True, 1.5, {"k": "v"}])}
    payload = pickle.dumps(Request(url(1), meta=meta).to_dict(), protocol=-1)
    moved = request_of(entry_of(payload, 7), SPIDER)
    assert (moved.meta, moved.priority) == (meta, 7)


def test_what_a_crawl_spider_follows_keeps_its_callback_and_the_text_of_its_link() -> None:
    spider = Following()
    (text,) = etree.fromstring("<a>é</a>").xpath("text()")
    assert type(text) is not str
    queued = Request(url(1), callback=spider._callback, meta={"rule": 0, "link_text": text})
    payload = pickle.dumps(queued.to_dict(spider=spider), protocol=-1)
    bare = Following.__new__(Following)  # as the command has it
    entry = Entries(bare, trust_pickle=False, by_domain=False).of_request(payload, None)
    moved = request_of(entry, spider)
    assert (moved.callback, moved.meta) == (spider._callback, {"rule": 0, "link_text": "é"})


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ({"url": url(1), "meta": {"when": date(2026, 1, 1)}}, "needs datetime.date, which is code"),
        ({"url": url(1), "callback": "gone"}, "callback 'gone' is no method of the spider 'plain'"),
        ({"url": url(1), "callback": "name"}, "callback 'name' is no method of the spider 'plain'"),
        ({"url": url(1), "_class": "os.system"}, "a os.system cannot be rebuilt from data"),
        ({"url": "no url"}, "no request can be made of it: Missing scheme"),
        ({"url": url(1), "priority": "high"}, "no request can be made of it"),
        ({"url": url(1), "meta": {1: 2}}, "its meta holds a dict, which is not plain data"),
        ({"meta": {}}, "no dict with a url"),
        (["url"], "no dict with a url"),
        (Bomb(), "explode, which is code; --trust-pickle would let it run"),
    ],
)
def test_what_cannot_be_moved_is_refused_and_told_why(
    protocol: int, stored: object, why: str
) -> None:
    with pytest.raises(Refused, match=re.escape(why)):
        entry_of(pickle.dumps(stored, protocol))
    assert not exploded


def test_trusted_a_pickle_may_run_code_and_the_frontier_still_holds_data_only() -> None:
    assert entry_of(pickle.dumps({"url": url(1), "flags": [Bomb()]}), trust=True).url == url(1)
    assert exploded.pop() == "it went off"
    with pytest.raises(Refused, match="its meta holds a date, which is not plain data"):
        entry_of(pickle.dumps({"url": url(1), "meta": {"d": date(2026, 1, 1)}}), trust=True)


TEXT = b"\x80\x02clxml.etree\n_ElementUnicodeResult\n"
SHARED = b"\x80\x02]q\x00" + b"".join(b"]q%c(h%ch%ce" % (n, n - 1, n - 1) for n in range(1, 40))


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\x80\x02Nr\xff\xff\xff\xff.", "numbers more values than it can have"),
        (b"\x80\x02\x82\x01.", "has the opcode EXT1"),
        (TEXT + b"K\x01\x85\x81.", "makes text of a int"),
        (TEXT + b"}b.", "no pickle that can be read: TypeError"),  # tries to change the class
        (TEXT + b".", "no dict with a url"),
        (b"\x80\x02}q\x00", "that can be read"),
        (b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.", "holds itself"),
        (SHARED + b".", "holds itself, or more than 100,000"),
    ],
)
def test_a_few_bytes_that_would_fill_the_memory_are_refused(payload: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        decode(payload)


@given(
    st.sampled_from([b"{}", *(pickle.dumps({"url": url(1), "b": Bomb()}, p) for p in range(6))]),
    st.integers(0, 120),
    st.binary(max_size=4),
)
def test_damaged_ones_are_read_or_refused_and_never_run(
    payload: bytes, at: int, damage: bytes
) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(decode(payload[:at] + damage + payload[at + len(damage) :])["url"], str)
    assert not exploded


def test_one_that_nests_too_deep_is_refused() -> None:
    deep = b"]" * 3000 + b"a" * 2999  # pickle.dumps would give up
    payload = pickle.dumps({"url": url(1), "meta": {"v": 0}}, protocol=1).replace(b"K\x00", deep)
    with pytest.raises(Refused, match=r"^it nests too deep to be stored"):
        entry_of(payload)


def test_a_request_that_is_not_filtered_is_fetched_besides_its_equals() -> None:
    def key(**more: Any) -> int:
        return entry_of(pickle.dumps(Request(url(1), **more).to_dict(), protocol=-1)).key

    assert key() == key_of_url(url(1)) == key(dont_filter=True, meta={"is_start_request": True})
    assert key(dont_filter=True) == key(dont_filter=True) != key()
    assert key(dont_filter=True) != key(dont_filter=True, meta={"n": 1})


def test_a_domain_is_one_queue_where_the_scheduler_would_have_it_so() -> None:
    entries = Entries(SPIDER, trust_pickle=False, by_domain=True)
    payload = pickle.dumps({"url": "http://www.example.co.uk/"})
    assert entries.of_request(payload, None).site == "example.co.uk"
    assert entries.of_done_url("http://x.example.co.uk/").site == "example.co.uk"


# The command


def test_a_priority_queue_is_moved_with_its_priorities_and_only_once(
    redis: RedisConfig, client: Client
) -> None:
    queue = PriorityQueue(client, SPIDER, "%(spider)s:requests")
    for number in range(1200):
        queue.push(Request(url(number), callback=SPIDER.parse, priority=number % 3))
    status, shown = migrate(redis)
    assert (status, shown) == (0, f"{QUEUE} (zset): 1,200 moved\n")
    assert client.zcard(QUEUE) == 1200
    found = waiting(redis)
    assert set(found) == {(url(number), number % 3) for number in range(1200)}
    assert [priority for _, priority in found] == [2] * 400 + [1] * 400 + [0] * 400
    status, shown = migrate(redis, "--delete")
    assert (status, shown) == (0, f"{QUEUE} (zset): 0 moved, 1,200 known already\n")
    assert not client.exists(QUEUE)
    assert migrate(redis) == (0, f"{QUEUE} holds no requests\n")


@pytest.mark.parametrize(
    ("queue_class", "order"),
    [(FifoQueue, [0, 1, 2, 3, 4, 5, 6]), (LifoQueue, [6, 5, 4, 3, 2, 1, 0])],
)
def test_a_list_is_moved_in_the_order_in_which_it_would_have_been_popped(
    queue_class: type[Any], order: list[int], redis: RedisConfig, client: Client
) -> None:
    queue = queue_class(client, SPIDER, "%(spider)s:requests")
    for number in range(7):
        queue.push(Request(url(number)))
    name = f"SCHEDULER_QUEUE_CLASS=scrapy_redis.queue.{queue_class.__name__}"
    assert migrate(redis, "-s", name) == (0, f"{QUEUE} (list): 7 moved\n")
    assert waiting(redis) == [(url(number), 0) for number in order]


@pytest.mark.parametrize("queue_class", [FifoQueue, LifoQueue, PriorityQueue])
def test_what_is_refused_stays_and_the_rest_is_deleted_when_asked(
    queue_class: type[Any], redis: RedisConfig, client: Client
) -> None:
    queue = queue_class(client, SPIDER, "%(spider)s:requests")
    for number in range(1100):
        more = {"when": date(2026, 1, 1)} if number % 10 == 5 else {}
        queue.push(Request(url(number), meta=more))
    client.sadd(SEEN, "0" * 40)
    lifo = f"SCHEDULER_QUEUE_CLASS=scrapy_redis.queue.{queue_class.__name__}"
    status, shown = migrate(redis, "--delete", "-s", lifo)
    assert status == 1
    assert "990 moved, 110 refused (they stay there)\n  110 × the pickle needs date" in shown
    assert "such as http://a.test/" in shown
    assert len(queue) == 110
    assert client.exists(SEEN)
    status, shown = migrate(redis, "--delete", "--trust-pickle", "-s", lifo)
    assert (status, len(queue)) == (1, 110)
    assert "110 × its meta holds a date, which is not plain data" in shown


def test_a_dry_run_counts_and_changes_nothing(redis: RedisConfig, client: Client) -> None:
    queue = PriorityQueue(client, SPIDER, "%(spider)s:requests", serializer=Json)
    for number in range(3):
        queue.push(Request(url(number)))
    client.zadd(QUEUE, {b"junk": 0})
    keys = sorted(client.keys("*"))
    status, shown = migrate(redis, "--dry-run")
    assert status == 1
    assert "3 could be moved, 1 refused" in shown
    assert "1 × no pickle that can be read" in shown
    assert "such as junk" in shown
    assert sorted(client.keys("*")) == keys


def test_fingerprints_stay_and_done_urls_are_not_fetched_again(
    redis: RedisConfig, client: Client, tmp_path: Path
) -> None:
    queue = FifoQueue(client, SPIDER, "%(spider)s:requests")
    for number in range(5):
        queue.push(Request(url(number)))
    client.sadd(SEEN, *(f"{number:040x}" for number in range(1500)))
    done = tmp_path / "done.txt"
    done.write_text("".join(f"{url(number)}#part\n\n" for number in range(4, 1304)))
    status, shown = migrate(redis, "--done-urls", str(done))
    assert status == 0, shown
    assert f"{done}: 1,300 URLs are done, 1,300 of them new" in shown
    assert "4 moved, 1 known already" in shown
    assert f"{SEEN}: 1,500 fingerprints, which cannot be moved" in shown
    assert waiting(redis) == [(url(number), 0) for number in range(4)]
    status, shown = migrate(redis, "--done-urls", str(done), "--delete")
    assert "1,300 URLs are done, 0 of them new" in shown
    assert not client.exists(SEEN, QUEUE)
    assert len(waiting(redis)) == 4
    done.write_text("\nmailto:a@b.test\n")
    status, shown = migrate(redis, "--done-urls", str(done))
    assert status == 2
    assert f"--done-urls {done}, line 2: 'mailto:a@b.test' is no http or https URL" in shown


def test_any_frontier_will_do(redis: RedisConfig, client: Client, tmp_path: Path) -> None:
    FifoQueue(client, SPIDER, "%(spider)s:requests").push(Request(url(1)))
    (tmp_path / "done").write_text(url(2))
    status, shown = migrate(
        redis, "--done-urls", str(tmp_path / "done"), frontier=f"sqlite:///{tmp_path}/a.db"
    )
    assert status == 0, shown
    (found,) = run(read_status(tmp_path / "a.db"))
    assert (found.job, found.totals.pending, found.totals.done) == ("plain", 1, 1)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["-s", "REDIS_URL=redis://127.0.0.1:1/0"], 3, "does not answer"),
        (["-s", "FRONTIER_URL=memory:"], 2, "FRONTIER_URL is memory:, where nothing would stay"),
        (["-s", "SPIDER_MODULES=crawlproj.spiders"], 2, "there is no spider 'plain'"),
        (["-s", "SCHEDULER_QUEUE_KEY=text"], 2, "'text' is a string, no queue of scrapy-redis"),
        (["-s", "WRONG"], 2, "argument -s: 'WRONG': write NAME=VALUE"),
        (["--dry-run", "--delete"], 2, "not allowed with"),
        (["--done-urls", "/nowhere"], 2, "--done-urls /nowhere: No such file"),
    ],
)
def test_what_is_wrong_is_told_with_its_status(
    arguments: list[str], status: int, told: str, redis: RedisConfig, client: Client
) -> None:
    client.set("text", "")
    found, shown = migrate(redis, *arguments)
    assert (found, told in shown, "Traceback" in shown) == (status, True, False), shown
