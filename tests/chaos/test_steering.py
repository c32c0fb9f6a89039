"""Commands hold, and change nothing else, while workers and the server are killed."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawlproj.frontier.commands import Command, Verb
from crawlproj.frontier.finding import choose, controls_of, jobs_at
from tests.chaos import oracle
from tests.chaos.oracle import Fault
from tests.chaos.stage import both, stage
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from pathlib import Path

_OBEYED_WITHIN_S = 2.0
_LATE_S = 1.0  # on a busy machine


@both
def test_a_paused_site_rests_while_workers_and_redis_are_killed(
    tmp_path: Path, *, long: bool
) -> None:
    seed, lease_s = 6, 3.0
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    with stage(tmp_path, long=long, seconds=30 if long else 4, lease_s=lease_s, seed=seed) as on:
        on.crew.start()
        on.crew.until_all_work()
        site = urlsplit(on.web.url("full0")).netloc
        controls = controls_of(on.redis.url(), choose(run(jobs_at(on.redis.url()))))
        run(controls.append(Command(Verb.PAUSE, {"site": site}, "ann", time.time())))
        on.crew.tend(_OBEYED_WITHIN_S + _LATE_S)
        paused_at = time.time()
        before = len(oracle.arrived(on.web, "full0"))
        for kill in range(8 if long else 2):
            on.crew.kill(dice.choice(on.crew.alive))
            on.crew.tend(dice.uniform(0.5, 1.5))
            if kill % 4 == 1:
                since = time.time()
                on.redis.stop(signal.SIGKILL)
                on.crew.tend(0.5)
                on.redis.start()
                on.crew.faults.append(Fault(since - 1.0, time.time() + 2.0))
                on.crew.tend(1.0)
        assert len(oracle.arrived(on.web, "full0")) == before, "a paused site was asked"
        assert time.time() > paused_at + 2
        run(controls.append(Command(Verb.RESUME, {"site": site}, "ann", time.time())))
        on.judge(120)
        assert len(oracle.arrived(on.web, "full0")) > before
        run(controls.close())
