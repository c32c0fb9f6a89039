from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crawlproj.fleet.policy import (
    FINISH_TIMEOUT_S,
    MAX_FAILED_STARTS,
    MAX_WAIT_S,
    STABLE_S,
    START_TIMEOUT_S,
    Fleet,
    Limits,
    Send,
    Start,
)
from crawlproj.fleet.worker import Phase

if TYPE_CHECKING:
    from crawlproj.fleet.policy import Action

GRACE_S = 10.0


def fleet(n: int = 2, *, memory_mb: float = 0.0, hang_s: float = 0.0) -> Fleet:
    return Fleet(n, Limits(GRACE_S, memory_mb, hang_s), jitter=lambda: 1.0)


def working(n: int = 2, *, memory_mb: float = 0.0, hang_s: float = 0.0) -> Fleet:
    """Return a fleet whose workers have been ready since time 0."""
    made = fleet(n, memory_mb=memory_mb, hang_s=hang_s)
    assert made.tick(0.0) == [Start(number) for number in range(n)]
    for number in range(n):
        made.ready(number, 0.0)
    return made


def test_a_worker_that_keeps_crashing_is_restarted_after_longer_and_longer_waits() -> None:
    crashing = working()
    now, waits = 0.0, []
    for _ in range(8):
        ending = crashing.exited(0, now, -signal.SIGSEGV)
        assert ending.crashed
        assert ending.blamed
        assert ending.restart_s is not None
        waits.append(ending.restart_s)
        assert crashing.tick(now + ending.restart_s - 0.01) == []
        now += ending.restart_s
        assert crashing.tick(now) == [Start(0)]
        crashing.ready(0, now)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert crashing.counts["crashed"] == 8


def test_a_worker_that_ran_for_a_while_is_restarted_after_the_shortest_wait() -> None:
    crashing = working()
    now = 0.0
    for _ in range(4):
        now += crashing.exited(0, now, 1).restart_s or 0
        crashing.tick(now)
        crashing.ready(0, now)
    assert crashing.exited(0, now + STABLE_S, 1).restart_s == 1


def test_the_numbers_are_those_of_the_guide() -> None:
    numbers = (STABLE_S, MAX_FAILED_STARTS, START_TIMEOUT_S, FINISH_TIMEOUT_S)
    assert numbers == (60, 3, 5 * 60, 30)  # docs/how-to/run-a-fleet.md


def test_restarts_are_jittered() -> None:
    waits = set()
    for jitter in (0.0, 0.5):
        crashing = Fleet(1, Limits(), jitter=iter([jitter]).__next__)
        crashing.tick(0.0)
        crashing.ready(0, 0.0)
        waits.add(crashing.exited(0, 0.0, 1).restart_s)
    assert waits == {0.5, 0.75}


def test_a_worker_that_exits_with_0_before_the_job_is_finished_is_restarted() -> None:
    ended = working()
    ending = ended.exited(0, 5.0, 0)
    assert (ending.crashed, ending.restart_s) == (False, 1)
    assert ended.tick(6.0) == [Start(0)]


def test_once_the_job_is_finished_no_worker_is_restarted_and_the_exit_status_is_0() -> None:
    finishing = working()
    finishing.exited(0, 5.0, 0)
    assert finishing.tick(9.0, finished=True) == []
    assert finishing.exited(1, 9.0, -signal.SIGKILL).restart_s is None
    assert finishing.done
    assert finishing.exit_status == 0


def test_a_worker_that_runs_on_after_the_job_is_finished_is_drained() -> None:
    finishing = working(1)
    finishing.tick(5.0, finished=True)
    assert finishing.tick(5.0 + FINISH_TIMEOUT_S, finished=True) == [Send(0, signal.SIGTERM)]


def test_new_work_in_a_finished_job_restarts_the_workers_that_had_ended() -> None:
    going_on = working()
    going_on.exited(0, 5.0, 0)
    assert going_on.tick(5.1, finished=True) == []
    assert going_on.workers[0].phase is Phase.ENDED
    assert going_on.tick(6.0) == [Start(0)]
    assert not going_on.finished
    for second in range(7, 100):
        assert going_on.tick(float(second)) == []
    assert going_on.tick(100.0, finished=True) == []
    assert going_on.tick(100.0 + FINISH_TIMEOUT_S - 1, finished=True) == []


def test_new_work_starts_no_worker_once_the_fleet_is_stopping() -> None:
    stopping = working()
    stopping.exited(0, 5.0, 0)
    stopping.tick(5.1, finished=True)
    stopping.stop(6.0)
    assert stopping.tick(6.1) == []
    stopping.exited(1, 7.0, 0)
    assert stopping.done


def test_workers_refused_for_a_wrong_setting_are_not_restarted() -> None:
    wrong = fleet()
    wrong.tick(0.0)
    assert wrong.exited(0, 1.0, 2).restart_s is None
    assert wrong.tick(1.0) == [Send(1, signal.SIGTERM)]
    wrong.exited(1, 1.0, 2)
    assert wrong.done
    assert wrong.exit_status == 1


def test_the_fleet_gives_up_after_three_failed_starts_if_no_worker_was_ever_ready() -> None:
    broken = fleet(1)
    now = 0.0
    for tried in range(1, MAX_FAILED_STARTS + 1):
        assert broken.tick(now) == [Start(0)]
        ending = broken.exited(0, now, 1)
        assert broken.gave_up == (tried == MAX_FAILED_STARTS)
        now += ending.restart_s or 0
    assert broken.tick(now) == []
    assert broken.done
    assert broken.exit_status == 1


def test_the_fleet_never_gives_up_once_a_worker_was_ready() -> None:
    away = working(1)
    now = 0.0
    for _ in range(50):
        now += away.exited(0, now, 1).restart_s or 0
        assert away.tick(now) == [Start(0)]
    assert not away.gave_up


def test_stopping_drains_all_workers_and_kills_those_that_exceed_their_grace() -> None:
    stopping = working()
    assert stopping.stop(5.0) == [Send(0, signal.SIGTERM), Send(1, signal.SIGTERM)]
    stopping.exited(0, 6.0, 0)
    assert stopping.tick(5.0 + GRACE_S - 0.1) == []
    assert stopping.tick(5.0 + GRACE_S) == [Send(1, signal.SIGKILL)]
    ending = stopping.exited(1, 5.0 + GRACE_S, -signal.SIGKILL)
    assert not ending.blamed
    assert stopping.done
    assert stopping.exit_status == 0


def test_stopping_a_second_time_kills_at_once() -> None:
    stopping = working()
    stopping.stop(5.0)
    assert stopping.stop(5.1) == [Send(0, signal.SIGKILL), Send(1, signal.SIGKILL)]
    assert stopping.stop(5.2) == []


def test_a_roll_restarts_one_worker_at_a_time_and_waits_until_it_is_ready() -> None:
    rolling = working()
    assert rolling.roll(10.0) == [Send(0, signal.SIGTERM)]
    assert rolling.tick(11.0) == []
    rolling.exited(0, 12.0, 0)
    assert rolling.tick(12.0) == [Start(0)]
    assert rolling.tick(13.0) == []
    rolling.ready(0, 14.0)
    assert rolling.tick(14.0) == [Send(1, signal.SIGTERM)]
    rolling.exited(1, 15.0, -signal.SIGTERM)
    assert rolling.tick(15.0) == [Start(1)]
    rolling.ready(1, 16.0)
    assert (rolling.rolling, rolling.tick(99.0), rolling.rolling) == (True, [], False)
    assert rolling.counts == {"rolled": 2}


def test_a_roll_stops_at_a_worker_that_does_not_start_and_the_others_keep_running() -> None:
    for status in (1, 2):
        rolling = working()
        rolling.roll(10.0)
        rolling.exited(0, 11.0, 0)
        now = 11.0
        for _ in range(5):
            if Start(0) in rolling.tick(now):
                now += rolling.exited(0, now, status).restart_s or 1
        assert rolling.workers[1].phase is Phase.READY
        assert not rolling.gave_up


def test_a_roll_also_starts_refused_workers() -> None:
    rolling = working()
    rolling.roll(10.0)
    rolling.exited(0, 11.0, 0)
    rolling.tick(11.0)
    rolling.exited(0, 12.0, 2)
    assert rolling.workers[0].phase is Phase.REFUSED
    rolling.roll(20.0)
    assert rolling.tick(20.0) == [Start(0)]


def test_workers_over_the_memory_limit_are_restarted_one_at_a_time() -> None:
    growing = working(memory_mb=100)
    assert growing.look(0, STABLE_S - 1, alive=True, memory_mb=200) == []
    assert growing.look(0, STABLE_S, alive=True, memory_mb=200) == [Send(0, signal.SIGTERM)]
    assert growing.look(1, STABLE_S, alive=True, memory_mb=200) == []
    growing.exited(0, STABLE_S + 1, 0)
    assert growing.tick(STABLE_S + 1) == [Start(0)]
    assert growing.look(1, STABLE_S + 1, alive=True, memory_mb=200) == [Send(1, signal.SIGTERM)]
    assert growing.counts == {"recycled": 2}


def test_a_worker_that_stops_reporting_is_killed_and_its_page_is_blamed() -> None:
    hanging = working(1, hang_s=10)
    for second in range(1, 10):
        assert hanging.look(0, second, alive=False, memory_mb=1) == []
    assert hanging.look(0, 10, alive=False, memory_mb=1) == [Send(0, signal.SIGKILL)]
    ending = hanging.exited(0, 10, -signal.SIGKILL)
    assert ending.blamed
    assert ending.restart_s == 1
    assert hanging.counts == {"hung": 1}


def silence(hanging: Fleet, since: float, seconds: float) -> list[Action]:
    """Look at worker 0 every second while it reports nothing; return the actions."""
    actions: list[Action] = []
    for second in range(1, int(seconds) + 1):
        actions += hanging.look(0, since + second, alive=False, memory_mb=1)
    return actions


def test_a_worker_that_hangs_during_its_start_is_killed_after_the_start_timeout() -> None:
    hanging = fleet(1, hang_s=10)
    hanging.tick(0.0)
    assert silence(hanging, 0.0, START_TIMEOUT_S + 9) == []
    assert silence(hanging, START_TIMEOUT_S + 9, 1) == [Send(0, signal.SIGKILL)]
    assert hanging.exited(0, START_TIMEOUT_S + 10, -signal.SIGKILL).blamed
    assert hanging.counts == {"hung": 1}


def test_the_fleet_gives_up_if_every_start_hangs() -> None:
    hanging = fleet(1, hang_s=10)
    now = 0.0
    for tried in range(1, MAX_FAILED_STARTS + 1):
        assert hanging.tick(now) == [Start(0)]
        assert silence(hanging, now, START_TIMEOUT_S + 10) == [Send(0, signal.SIGKILL)]
        now += START_TIMEOUT_S + 10
        ending = hanging.exited(0, now, -signal.SIGKILL)
        assert hanging.gave_up == (tried == MAX_FAILED_STARTS)
        now += ending.restart_s or 0


def test_the_memory_limit_does_not_apply_to_a_starting_worker() -> None:
    starting = fleet(1, memory_mb=100)
    starting.tick(0.0)
    assert starting.look(0, STABLE_S, alive=True, memory_mb=200) == []


def test_a_supervisor_that_was_suspended_kills_no_worker_for_its_silence() -> None:
    hanging = working(1, hang_s=10)
    assert hanging.look(0, 1000.0, alive=False, memory_mb=1) == []
    assert hanging.look(0, 1001.0, alive=True, memory_mb=1) == []
    assert hanging.look(0, 1010.0, alive=False, memory_mb=1) == []


class AnyHistory(RuleBasedStateMachine):
    """Any events in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.fleet = Fleet(3, Limits(GRACE_S, 100, 30), jitter=lambda: 0.5)
        self.running: set[int] = set()
        self.stops = 0

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Start):
                assert action.worker not in self.running
                self.running.add(action.worker)
            else:
                assert action.worker in self.running

    @rule(seconds=st.floats(0, 100), finished=st.sampled_from([False, False, False, True]))
    def time_passes(self, seconds: float, *, finished: bool) -> None:
        self.now += seconds
        self.do(self.fleet.tick(self.now, finished=finished))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), status=st.sampled_from([0, 1, 2, -9, -11, -15]))
    def a_worker_exits(self, data: st.DataObject, status: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.running)))
        self.running.remove(number)
        ending = self.fleet.exited(number, self.now, status)
        if ending.restart_s is not None:
            assert 0 <= ending.restart_s <= MAX_WAIT_S

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def a_worker_is_ready(self, data: st.DataObject) -> None:
        self.fleet.ready(data.draw(st.sampled_from(sorted(self.running))), self.now)

    @rule(number=st.integers(0, 2), alive=st.booleans(), memory_mb=st.sampled_from([50.0, 200.0]))
    def a_worker_is_looked_at(self, number: int, *, alive: bool, memory_mb: float) -> None:
        self.do(self.fleet.look(number, self.now, alive=alive, memory_mb=memory_mb))

    @rule()
    def a_roll_is_asked_for(self) -> None:
        self.do(self.fleet.roll(self.now))

    @precondition(lambda self: self.stops < 2)
    @rule()
    def a_signal_to_stop_comes(self) -> None:
        self.stops += 1
        self.do(self.fleet.stop(self.now))

    @invariant()
    def a_worker_is_live_exactly_while_its_process_runs(self) -> None:
        live = {number for number, it in enumerate(self.fleet.workers) if it.phase.live}
        assert live == self.running

    @invariant()
    def no_worker_is_forgotten(self) -> None:
        """A worker that waits or drains has a time at which that ends."""
        for worker in self.fleet.workers:
            if worker.phase is Phase.WAITING:
                assert worker.due <= self.now + MAX_WAIT_S
            if worker.phase is Phase.DRAINING:
                assert worker.due <= self.now + GRACE_S

    @invariant()
    def at_most_one_worker_drains_unless_the_fleet_stops(self) -> None:
        draining = [it for it in self.fleet.workers if it.phase is Phase.DRAINING]
        if not self.fleet.stopping:
            assert len(draining) <= 1

    def teardown(self) -> None:
        """A signal and the grace period always end every worker."""
        if not self.fleet.stopping:
            self.do(self.fleet.stop(self.now))
        self.do(self.fleet.tick(self.now + GRACE_S))
        for number in list(self.running):
            assert self.fleet.workers[number].phase is Phase.KILLED
            self.running.remove(number)
            self.fleet.exited(number, self.now + GRACE_S, -signal.SIGKILL)
        assert self.fleet.done
        assert self.fleet.exit_status in {0, 1}


TestAnyHistory = AnyHistory.TestCase


def test_a_worker_that_a_user_drained_is_not_replaced() -> None:
    drained = working()
    ending = drained.exited(0, 5.0, 0, drained=True)
    assert (ending.crashed, ending.restart_s) == (False, None)
    assert drained.tick(1e6) == []
    assert not drained.done
    drained.exited(1, 6.0, 0, drained=True)
    assert (drained.done, drained.exit_status, drained.drained) == (True, 0, True)
