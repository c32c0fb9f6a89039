"""The supervisor with real processes and signals, but without Scrapy and Redis."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawlproj.fleet.lock import take_lock
from crawlproj.fleet.policy import Limits
from crawlproj.fleet.quarantine import Quarantine
from crawlproj.fleet.recovery import Recovery
from crawlproj.fleet.supervisor import Supervisor
from crawlproj.fleet.worker import Phase
from crawlproj.frontier.base import Totals
from tests import ROOT
from tests.frontier.helpers import run
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow


class FakeAdmin:
    """A job's frontier that records the calls."""

    def __init__(self) -> None:
        self.done = False
        self.number = 1  # of the generation
        self.stale = 0  # how many calls of fail() find their lease expired
        self.calls: list[str] = []

    async def totals(self) -> Totals:
        return Totals()

    async def finished(self) -> bool:
        return self.done

    async def generation(self) -> int:
        return self.number

    async def give_up(self, owner: int) -> int:
        self.calls.append(f"give up {owner}")
        return 3

    async def fail(self, lease_id: int, reason: str) -> bool:
        self.calls.append(f"fail {lease_id >> 32} {reason}")
        self.stale -= 1
        return self.stale < 0


class Scene:
    """A supervisor of stub workers; each process takes the next of ``steps``, the last repeats."""

    def __init__(self, folder: Path, *steps: str, n: int = 2, limits: Limits | None = None) -> None:
        self.admin = FakeAdmin()
        self.noted: list[str] = []
        self.started: list[str] = []
        self._folder = folder
        self._steps = list(steps)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
        self.supervisor = Supervisor(
            n,
            limits or Limits(grace_s=10),
            folder=folder,
            command=self._command,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            admin=self.admin,
            totals=Totals(),
            recovery=Recovery(self.admin, Quarantine(folder / "killed.json", 1), self._note),
            lock=lock,
            generation=1,
        )

    def _command(self, name: str) -> list[str]:
        self.started.append(name)
        module = (sys.executable, "-m", "tests.fleet.stub_worker", str(self._folder), name)
        steps = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        return [*module, *steps.split()]

    async def _note(self, url: str, detail: str) -> None:
        self.noted.append(url)

    def run(self, script: Callable[[Scene], object] = lambda _: None) -> int:
        """Return the exit status; ``script`` is called several times a second meanwhile."""

        async def scenario() -> int:
            async with asyncio.timeout(PATIENCE_S):
                return await self.supervisor.run(lambda: script(self))

        return run(scenario())

    def states(self) -> list[Phase]:
        return [worker.phase for worker in self.supervisor.fleet.workers]

    def ready(self) -> bool:
        return all(phase is Phase.READY for phase in self.states())

    def pids(self) -> list[int]:
        return [seat.process.pid for seat in self.supervisor.seats if seat.process]


def once(
    condition: Callable[[Scene], bool], action: Callable[[Scene], object]
) -> Callable[[Scene], None]:
    """Return a script that runs ``action`` the first time that ``condition`` is true."""
    acted = False

    def script(scene: Scene) -> None:
        nonlocal acted
        if not acted and condition(scene):
            acted = True
            action(scene)

    return script


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_stopping_drains_the_workers_and_ends_with_status_0(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "work")
    pids: list[int] = []

    def stop(scene: Scene) -> None:
        pids.extend(scene.pids())
        scene.supervisor.stop()

    assert scene.run(once(Scene.ready, stop)) == 0
    assert len(pids) == 2
    assert not any(map(alive, pids))
    assert sorted(scene.started) == ["1", "2"]
    assert len(scene.admin.calls) == 2  # one call for each, in case it left leases


def test_a_worker_that_does_not_drain_is_killed_after_its_grace(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "page=http://a.test/ stubborn", n=1, limits=Limits(0.3))
    assert scene.run(once(Scene.ready, lambda scene: scene.supervisor.stop())) == 0
    assert not (tmp_path / "killed.json").exists()  # its page is not to blame


def test_stopping_a_second_time_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "stubborn", limits=Limits(grace_s=3600))

    def twice(scene: Scene) -> None:
        scene.supervisor.stop()
        scene.supervisor.stop()

    assert scene.run(once(Scene.ready, twice)) == 0


def test_a_killed_worker_is_replaced_and_its_leases_are_returned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path, "page=http://a.test/1 work", n=1)
    killed: list[int] = []

    def script(scene: Scene) -> None:
        if scene.ready():
            if not killed:
                killed.extend(scene.pids())
                os.kill(killed[0], signal.SIGKILL)
            elif scene.pids() != killed:
                scene.supervisor.stop()

    with caplog.at_level(logging.INFO, "crawlproj"):
        assert scene.run(script) == 0
    assert scene.started == ["1", "1"]
    assert f"give up {killed[0] % 1000 + 1}" in scene.admin.calls
    assert re.search(
        rf"Worker 1 \(pid {killed[0]}\) was killed by SIGKILL after \d+ s, "
        r"on http://a\.test/1 \(1 of 3 times\)",
        caplog.text,
    )


def test_a_page_that_kills_three_workers_is_failed_before_their_leases_are_returned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kills = [f"page=http://a.test/bad {how}" for how in ("die=11", "exit=0", "die=9")]
    scene = Scene(tmp_path, *kills, "work", n=1)

    def stop_when_noted(scene: Scene) -> None:
        if scene.noted and scene.ready():
            scene.supervisor.stop()

    with caplog.at_level(logging.INFO, "crawlproj"):
        assert scene.run(stop_when_noted) == 0
    kinds = [calls.split()[0] for calls in scene.admin.calls]
    assert kinds == ["give", "give", "fail", "give", "give"]
    assert scene.noted == ["http://a.test/bad"]
    assert scene.supervisor.recovery.quarantined == ["http://a.test/bad"]
    assert "Not tried again because it killed 3 workers: http://a.test/bad" in caplog.text


def test_a_roll_replaces_one_worker_at_a_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scene = Scene(tmp_path, "work")
    before: list[int] = []
    ready: list[int] = []

    def script(scene: Scene) -> None:
        if not before:
            if scene.ready():
                before.extend(scene.pids())
                scene.supervisor.roll()
            return
        if scene.supervisor.fleet.stopping:
            return
        ready.append(sum(phase is Phase.READY for phase in scene.states()))
        if scene.ready() and not set(before) & set(scene.pids()) and not scene.supervisor._rolling:
            scene.supervisor.stop()

    assert scene.run(script) == 0
    assert scene.started == ["1", "2", "1", "2"]
    assert min(ready) >= 1
    assert caplog.messages.count("Every worker was restarted and is at work") == 1
    assert scene.supervisor.fleet.counts == {"rolled": 2}


def test_a_wrong_setting_is_logged_once_and_ends_with_status_1(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path, "exit=2")
    assert scene.run() == 1
    assert sorted(scene.started) == ["1", "2"]
    assert caplog.text.count("Error: exiting with 2") == 1


def test_the_supervisor_ends_when_the_job_is_finished(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "work")

    def finish(scene: Scene) -> None:
        scene.admin.done = True
        for pid in scene.pids():
            os.kill(pid, signal.SIGTERM)  # a real one notices by itself

    assert scene.run(once(Scene.ready, finish)) == 0
    assert sorted(scene.started) == ["1", "2"]


def test_new_work_in_a_finished_job_restarts_workers_that_had_ended(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "exit=0", "work")

    def script(scene: Scene) -> None:
        states = scene.states()
        if Phase.ENDED in states:
            scene.admin.done = False  # the other worker has added work
        elif len(scene.started) == 2 and Phase.WAITING in states:
            scene.admin.done = True
        elif len(scene.started) == 3 and scene.ready():
            scene.supervisor.stop()

    assert scene.run(script) == 0
    assert len(scene.started) == 3
    assert not scene.supervisor.fleet.finished


def test_the_next_generation_of_a_finished_job_does_not_restart_workers(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, "work")

    def script(scene: Scene) -> None:
        if scene.supervisor.fleet.finished:
            scene.admin.done, scene.admin.number = False, 2
            for pid in scene.pids():
                os.kill(pid, signal.SIGTERM)
        elif scene.ready():
            scene.admin.done = True

    assert scene.run(script) == 0
    assert sorted(scene.started) == ["1", "2"]


@pytest.mark.parametrize("begun", ["page", "first"])
def test_a_worker_that_stops_reporting_is_killed_and_its_page_is_blamed(
    tmp_path: Path, begun: str
) -> None:
    steps = f"{begun}=http://a.test/endless silent"
    scene = Scene(tmp_path, steps, "work", n=1, limits=Limits(hang_s=1.5))
    script = once(
        lambda scene: len(scene.started) == 2 and scene.ready(),
        lambda scene: scene.supervisor.stop(),
    )
    assert scene.run(script) == 0
    assert "http://a.test/endless" in (tmp_path / "killed.json").read_text()
    assert scene.supervisor.fleet.counts == {"hung": 1}


def test_a_condemned_page_whose_lease_has_expired_is_failed_when_a_worker_next_leases_it(
    tmp_path: Path,
) -> None:
    kills = ["page=http://a.test/bad die=9"] * 3
    scene = Scene(tmp_path, *kills, "page=http://a.test/bad work", n=1)
    scene.admin.stale = 1

    def stop_when_noted(scene: Scene) -> None:
        if scene.noted:
            scene.supervisor.stop()

    assert scene.run(stop_when_noted) == 0
    assert len(scene.started) == 4
    assert len([calls for calls in scene.admin.calls if calls.startswith("fail")]) == 2
    assert scene.supervisor.recovery.quarantined == ["http://a.test/bad"]


def test_leases_of_a_killed_supervisors_workers_are_returned(tmp_path: Path) -> None:
    leaving = Scene(tmp_path, "page=http://a.test/ die=9", n=1)
    (tmp_path / "worker-7.json").write_text('{"pid":1,"beat":1,"owner":77,"views":{}}')
    leaving.admin.done = True
    leaving.run()
    assert "give up 77" in leaving.admin.calls
    assert not (tmp_path / "worker-7.json").exists()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux signals children when their parent ends"
)
def test_workers_end_when_their_supervisor_is_killed_and_then_free_its_lock(
    tmp_path: Path,
) -> None:
    script = (
        "import sys, pathlib, time, subprocess, signal\n"
        "from crawlproj.fleet.children import bind_to_parent\n"
        "from crawlproj.fleet.lock import take_lock\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "lock = take_lock(folder / 'lock', 1, '')\n"
        "command = [sys.executable, '-m', 'tests.fleet.stub_worker', str(folder), '1', 'work']\n"
        "child = subprocess.Popen(bind_to_parent(command, signal.SIGTERM), pass_fds=(lock,))\n"
        "while not (folder / 'worker-1.json').exists(): time.sleep(0.02)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    os.close(take_lock(tmp_path / "lock", 10, "it is held"))
    assert not alive(child) or "Z" in Path(f"/proc/{child}/stat").read_text()
