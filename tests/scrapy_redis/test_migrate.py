"""``scrapy migrate``: moves queues of scrapy-redis once and completely."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy_redis.queue import FifoQueue, LifoQueue, PriorityQueue

from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.status import read_status
from tests import ROOT
from tests.frontier.helpers import claim, run
from tests.processes import options, scrapy
from tests.scrapy_redis.queued import SPIDER, Json, url
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis as Client

    from crawlproj.frontier.redis.connection import RedisConfig

QUEUE, SEEN = "plain:requests", "plain:dupefilter"


def migrate(redis: RedisConfig, *arguments: str, frontier: str = "") -> tuple[int, str]:
    """Run the command for the spider ``plain``; returns its exit status and what it printed."""
    settings = {
        "REDIS_URL": redis.url,
        "FRONTIER_URL": frontier or redis.url,
        "SPIDER_MODULES": "tests.redis_spiders",
    }
    return scrapy("migrate", "plain", *options(settings), *arguments)


def waiting(redis: RedisConfig, job: str = "plain") -> list[tuple[str, int]]:
    """Return the URLs and priorities of the job's pending entries, in order."""
    frontier = RedisFrontier(redis)
    run(frontier.open(job))
    leases = claim(frontier, 2000, per_site=2000)
    run(frontier.close())
    return [(lease.entry.url, lease.entry.priority) for lease in leases]


def test_a_priority_queue_is_moved_once_with_its_priorities(
    redis: RedisConfig, client: Client
) -> None:
    queue = PriorityQueue(client, SPIDER, "%(spider)s:requests")
    for number in range(1200):
        queue.push(Request(url(number), callback=SPIDER.parse, priority=number % 3))
    status, output = migrate(redis)
    assert (status, output) == (0, f"{QUEUE} (zset): 1,200 moved\n")
    assert client.zcard(QUEUE) == 1200
    found = waiting(redis)
    assert set(found) == {(url(number), number % 3) for number in range(1200)}
    assert [priority for _, priority in found] == [2] * 400 + [1] * 400 + [0] * 400
    status, output = migrate(redis, "--delete")
    assert (status, output) == (0, f"{QUEUE} (zset): 0 moved, 1,200 already known\n")
    assert not client.exists(QUEUE)
    assert migrate(redis) == (0, f"{QUEUE} holds no requests\n")


@pytest.mark.parametrize(
    ("queue_class", "order"),
    [(FifoQueue, [0, 1, 2, 3, 4, 5, 6]), (LifoQueue, [6, 5, 4, 3, 2, 1, 0])],
)
def test_a_list_is_moved_in_the_order_in_which_scrapy_redis_would_pop_it(
    queue_class: type[Any], order: list[int], redis: RedisConfig, client: Client
) -> None:
    queue = queue_class(client, SPIDER, "%(spider)s:requests")
    for number in range(7):
        queue.push(Request(url(number)))
    name = f"SCHEDULER_QUEUE_CLASS=scrapy_redis.queue.{queue_class.__name__}"
    assert migrate(redis, "-s", name) == (0, f"{QUEUE} (list): 7 moved\n")
    assert waiting(redis) == [(url(number), 0) for number in order]


@pytest.mark.parametrize("queue_class", [FifoQueue, LifoQueue, PriorityQueue])
def test_delete_removes_moved_requests_and_keeps_refused_ones(
    queue_class: type[Any], redis: RedisConfig, client: Client
) -> None:
    queue = queue_class(client, SPIDER, "%(spider)s:requests")
    for number in range(1100):
        more = {"when": Fraction(1, 2)} if number % 10 == 5 else {}
        queue.push(Request(url(number), meta=more))
    client.sadd(SEEN, "0" * 40)
    lifo = f"SCHEDULER_QUEUE_CLASS=scrapy_redis.queue.{queue_class.__name__}"
    status, output = migrate(redis, "--delete", "-s", lifo)
    assert status == 1
    assert "990 moved, 110 refused (they stay in the queue)\n  110 × the pickle needs f" in output
    assert ", for example http://a.test/" in output
    assert len(queue) == 110
    assert client.exists(SEEN)
    status, output = migrate(redis, "--delete", "--trust-pickle", "-s", lifo)
    assert (status, len(queue)) == (1, 110)
    assert "110 × its meta holds a Fraction, which is not plain data" in output


def test_a_dry_run_counts_and_changes_nothing(redis: RedisConfig, client: Client) -> None:
    queue = PriorityQueue(client, SPIDER, "%(spider)s:requests", serializer=Json)
    for number in range(3):
        queue.push(Request(url(number)))
    client.zadd(QUEUE, {b"junk": 0})
    keys = sorted(client.keys("*"))
    status, output = migrate(redis, "--dry-run")
    assert status == 1
    assert "3 can be moved, 1 refused" in output
    assert "1 × the pickle is malformed" in output
    assert ", for example junk" in output
    assert sorted(client.keys("*")) == keys


def test_done_urls_are_not_fetched_again_and_fingerprints_are_reported(
    redis: RedisConfig, client: Client, tmp_path: Path
) -> None:
    queue = FifoQueue(client, SPIDER, "%(spider)s:requests")
    for number in range(5):
        queue.push(Request(url(number)))
    client.sadd(SEEN, *(f"{number:040x}" for number in range(1500)))
    done = tmp_path / "done.txt"
    done.write_text("".join(f"{url(number)}#part\n\n" for number in range(4, 1304)))
    status, output = migrate(redis, "--done-urls", str(done))
    assert status == 0, output
    assert f"{done}: 1,300 URLs are done, 1,300 of them new" in output
    assert "4 moved, 1 already known" in output
    assert f"{SEEN}: 1,500 fingerprints cannot be moved" in output
    assert waiting(redis) == [(url(number), 0) for number in range(4)]
    status, output = migrate(redis, "--done-urls", str(done), "--delete")
    assert "1,300 URLs are done, 0 of them new" in output
    assert not client.exists(SEEN, QUEUE)
    assert len(waiting(redis)) == 4
    done.write_text("\nmailto:a@b.test\n")
    status, output = migrate(redis, "--done-urls", str(done))
    assert status == 2
    assert f"--done-urls {done}, line 2: 'mailto:a@b.test' is not an http or https URL" in output


def test_the_requests_can_move_to_a_sqlite_frontier(
    redis: RedisConfig, client: Client, tmp_path: Path
) -> None:
    FifoQueue(client, SPIDER, "%(spider)s:requests").push(Request(url(1)))
    (tmp_path / "done").write_text(url(2))
    status, output = migrate(
        redis, "--done-urls", str(tmp_path / "done"), frontier=f"sqlite:///{tmp_path}/a.db"
    )
    assert status == 0, output
    (found,) = run(read_status(tmp_path / "a.db"))
    assert (found.job, found.totals.pending, found.totals.done) == ("plain", 1, 1)


def test_another_project_gets_the_command_from_its_commands_module(
    redis: RedisConfig, client: Client, tmp_path: Path
) -> None:
    FifoQueue(client, SPIDER, "%(spider)s:requests").push(Request(url(1)))
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = theirs\n")
    (tmp_path / "theirs.py").write_text(
        'SPIDER_MODULES = ["tests.redis_spiders"]\n'
        'ADDONS = {"crawlproj.addon.Addon": 300}\n'
        'COMMANDS_MODULE = "crawlproj.commands"\n'
        f"REDIS_URL = {redis.url!r}\n"
    )
    finished = subprocess.run(
        [sys.executable, "-m", "scrapy", "migrate", "plain"],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
    )  # fmt: skip
    assert (finished.returncode, finished.stdout) == (0, f"{QUEUE} (list): 1 moved\n"), finished
    assert waiting(redis) == [(url(1), 0)]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["-s", "REDIS_URL=redis://127.0.0.1:1/0"], 3, "does not answer"),
        (["-s", "FRONTIER_URL=memory:"], 2, "FRONTIER_URL is memory:, which would lose every"),
        (["-s", "SPIDER_MODULES=crawlproj.spiders"], 2, "no spider 'plain' (the spiders are: "),
        (["-s", "SCHEDULER_QUEUE_KEY=text"], 2, "'text' is a string, not a queue of scrapy-redis"),
        (["-s", "WRONG"], 2, "Invalid -s value, use -s NAME=VALUE"),
        (["--dryrun"], 2, "there is no option --dryrun: did you mean --dry-run?"),
        (["another"], 2, "name one spider, for example: scrapy migrate myspider"),
        (["--dry-run", "--delete"], 2, "not allowed with"),
        (["--done-urls", "/nowhere"], 2, "--done-urls /nowhere: No such file"),
    ],
)
def test_an_error_is_reported_with_its_exit_status(
    arguments: list[str], status: int, message: str, redis: RedisConfig, client: Client
) -> None:
    client.set("text", "")
    found, output = migrate(redis, *arguments)
    assert (found, message in output, "Traceback" in output) == (status, True, False), output
