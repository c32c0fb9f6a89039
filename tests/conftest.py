"""Servers that tests share, and the marks by which ``make test-fast`` leaves tests out.

A test that uses one of ``SERVERS`` gets the mark ``server`` here. A test that starts a process
itself needs the mark ``slow``, and fails without it: see ``_on_event``.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from redis import Redis as Client
from xdist.scheduler import LoadScopeScheduling

from crawlproj.frontier.redis.connection import RedisConfig
from tests.frontier.helpers import Now
from tests.servers import PgBouncer, Postgres, Redis, need

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

SERVERS = frozenset({"server", "redis", "postgres", "pgbouncer", "web"})
"""Fixtures that start Redis, PostgreSQL or a demo web, and parameters for which others do."""

# A deadline measures the machine. tests/properties.py tells what "thorough" multiplies.
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("default")


# A shell lets its background jobs ignore Ctrl-C, which the tests' processes would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Collecting creates a million objects that stay. To look for garbage among them takes a quarter of
# the time of collecting, and a tenth of the tests'.
gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Collect garbage from now on, of what tests leave."""
    gc.freeze()
    gc.enable()


# Marks, and the order of the tests


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server; put the long ones first: none is left at the end."""
    for item in items:
        if not SERVERS.isdisjoint(_uses(item)):
            item.add_marker(pytest.mark.server)
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in _LONG])


_LONG = ("chaos", "slow", "server")  # the longest first


def _uses(item: pytest.Item) -> set[str]:
    """Return the names of a test's fixtures, and its parameters that may be names of others."""
    if not isinstance(item, pytest.Function):
        return set()
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {*item.fixturenames, *(value for value in parameters if isinstance(value, str))}


# These files start a server of their own that takes seconds: one worker runs each of them.
_TOGETHER = {
    "tests/hostile/test_hostile.py",
    "tests/serve/dashboard/test_browser.py",
    "tests/serve/test_openapi.py",
    "tests/test_scrapyd.py",
}


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Give each worker the next test, or the next file of ``_TOGETHER``."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in _TOGETHER else nodeid

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget what is done, which xdist counts anew after each test."""
        scope = self._split_scope(self.registered_collections[node][item_index])
        super().mark_test_complete(node, item_index, duration)
        work = self.assigned_work[node]
        if all(work[scope].values()):
            del work[scope]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Scheduling:
    """Replace ``--dist``. xdist's own groups by mark do nothing with pytest 9.2."""
    return _Scheduling(config, log)


_running_fast = False


def _on_event(event: str, _: tuple[Any, ...]) -> None:
    """Fail a test that starts a process and is not marked. The interpreter calls this."""
    if _running_fast and event in {"subprocess.Popen", "os.fork", "os.posix_spawn"}:
        raise RuntimeError("this test starts a process: give it the mark slow")


sys.addaudithook(_on_event)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch what a test starts, its fixtures included, and take back what Scrapy set."""
    global _running_fast  # noqa: PLW0603 - an audit hook gets no more, and stays for ever
    _running_fast = not any(item.get_closest_marker(name) for name in _LONG)
    try:
        return (yield)
    finally:
        _running_fast = False
        os.environ.pop("SCRAPY_SETTINGS_MODULE", None)  # left by whatever looked for the project's


# Servers


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis server, the same for all tests of a process."""
    need(Redis.missing())
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server, the same for all tests of a process."""
    need(Postgres.missing())
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgBouncer]:
    """A pooler in front of the PostgreSQL server, the same for all tests of a process."""
    need(PgBouncer.missing())
    with PgBouncer(tmp_path_factory.mktemp("pgbouncer"), postgres) as server:
        yield server


@pytest.fixture
def client(server: Redis) -> Iterator[Client]:
    """A client of the server, which is empty."""
    with Client.from_url(server.url()) as client:
        client.flushall()
        yield client


@pytest.fixture
def redis(client: Client, server: Redis) -> RedisConfig:
    """The address of a server, which is empty."""
    return RedisConfig(server.url())


@pytest.fixture
def now() -> Now:
    return Now()
